#include "explain.hpp"

#include "base/text.hpp"

namespace alk::listend {

Result<Question> parse_question(std::string_view destination, std::string_view transport) {
  Question question;
  if (transport == config::transport_name(config::Transport::Tls))
    question.transport = config::Transport::Tls;
  else if (transport != config::transport_name(config::Transport::Tcp))
    return fail(Kind::Invalid, "the transport must be tcp or tls");
  auto colon = destination.rfind(':');
  if (colon == std::string_view::npos)
    return fail(Kind::Invalid, "the destination must be HOST:PORT or [IPV6]:PORT");
  std::string_view host = destination.substr(0, colon);
  auto port = parse_port(destination.substr(colon + 1));
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string_view::npos)
    return fail(Kind::Invalid, "an IPv6 address must stand in brackets: [IPV6]:PORT");
  if (host.empty() || !port) return fail(Kind::Invalid, "the destination must be HOST:PORT or [IPV6]:PORT");
  question.host = host;
  question.port = *port;
  return question;
}

Explanation explain_question(const Settings& settings, const Question& question) {
  Decision decision = settings.policy.decide(question.identity, question.constraints, question.transport,
                                             config::make_destination(question.host, question.port));
  return {decision.allowed, decision.rule, settings.policy.explain(decision)};
}

} // namespace alk::listend
