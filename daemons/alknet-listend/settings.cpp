#include "settings.hpp"

namespace alk::listend {

static Result<std::shared_ptr<const net::TlsContext>>
make_tls(const config::Listener& listener, const config::Static& running, const config::KeySource& keys) {
  const config::TlsFiles& files = listener.tls.cert.empty() ? running.server.tls : listener.tls;
  ALK_TRY(auto cert, keys.read(files.cert));
  ALK_TRY(auto key, keys.read(files.key));
  auto context = net::TlsContext::server(cert.view(), key.view());
  if (!context) // the files belong into the text itself: a trail stays in our log
    return fail(context.error().kind,
                keys.label(files.cert) + " with " + keys.label(files.key) + ": " + context.error().what);
  return context;
}

static Result<std::shared_ptr<const WebSite>> make_site(const config::Listener& listener) {
  if (listener.web_root.empty()) return std::make_shared<const WebSite>();
  ALK_TRY(auto root, WebRoot::open(listener.web_root));
  return std::make_shared<const WebSite>(std::move(root));
}

Result<TlsContexts> make_tls_contexts(const config::Static& running, const config::KeySource& keys) {
  TlsContexts contexts;
  for (const config::Listener& listener : running.listeners) {
    if (listener.transport != config::Transport::Tls) continue;
    ALK_TRY(auto context, make_tls(listener, running, keys));
    contexts[listener.name] = std::move(context);
  }
  return contexts;
}

Result<SettingsPtr> make_settings(const config::Configuration& configuration, const config::Static& running,
                                  const config::KeySource& keys, std::uint64_t generation) {
  auto settings = std::make_shared<Settings>(Settings{generation,
                                                      configuration.digest,
                                                      configuration.dynamic,
                                                      ForwardingPolicy(configuration.dynamic.forwarding),
                                                      {},
                                                      {}});
  ALK_TRY(settings->tls, make_tls_contexts(running, keys));
  for (const config::Listener& listener : running.listeners) {
    if (listener.transport != config::Transport::Tls || !listener.stealth) continue;
    ALK_TRY(auto site, make_site(listener));
    settings->sites[listener.name] = std::move(site);
  }
  return SettingsPtr(std::move(settings));
}

SettingsPtr renew_settings(const config::Configuration& configuration, const Settings& before,
                           std::uint64_t generation) {
  return std::make_shared<Settings>(Settings{generation, configuration.digest, configuration.dynamic,
                                             ForwardingPolicy(configuration.dynamic.forwarding), before.tls,
                                             before.sites});
}

} // namespace alk::listend
