#include "clients/service_manager.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>

namespace alk::clients {

namespace {
constexpr const char* manager_name = "org.freedesktop.systemd1";
constexpr std::chrono::milliseconds patience{5000}; // it answers within 10 ms
constexpr std::size_t most_jobs = 16384;

bool is_plain(char c, bool first) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (!first && c >= '0' && c <= '9');
}
} // namespace

std::string unit_path(std::string_view unit) {
  constexpr char digits[] = "0123456789abcdef";
  std::string path = "/org/freedesktop/systemd1/unit/";
  for (std::size_t i = 0; i < unit.size(); ++i) {
    auto byte = static_cast<unsigned char>(unit[i]);
    if (is_plain(unit[i], i == 0))
      path += unit[i];
    else
      path += {'_', digits[byte >> 4], digits[byte & 15]};
  }
  return path;
}

Result<std::string> read_job_type(bus::Message& reply, const std::string& unit) {
  std::string found;
  auto job = [&]() -> Result<void> {
    ALK_TRY_VOID(reply.skip("u"));
    ALK_TRY(std::string name, reply.read_text());
    ALK_TRY(std::string type, reply.read_text());
    if (name == unit) found = std::move(type);
    return reply.skip("soo");
  };
  ALK_TRY_VOID(reply.read_each(
      "(usssoo)", [&] { return reply.read_inside('r', "usssoo", job); }, most_jobs));
  return found;
}

Result<std::vector<CredentialFile>> ServiceManager::credentials(const std::string& unit) {
  const std::string path = unit_path(unit);
  auto call = connection_.make_call({manager_name, path.c_str(), "org.freedesktop.DBus.Properties"}, "Get");
  if (call) call.write_text("org.freedesktop.systemd1.Service").write_text("LoadCredential");
  ALK_TRY(auto reply, connection_.call(std::move(call), patience));
  std::vector<CredentialFile> files;
  auto one = [&]() -> Result<void> {
    CredentialFile file;
    ALK_TRY(file.name, reply.read_text());
    ALK_TRY(file.path, reply.read_text());
    if (file.path.starts_with('/'))
      files.push_back(std::move(file)); // else one that systemd itself was given
    return {};
  };
  ALK_TRY_VOID(reply.read_inside('v', "a(ss)", [&] {
    return reply.read_each("(ss)", [&] { return reply.read_inside('r', "ss", one); });
  }));
  return files;
}

Result<std::vector<OpenCredential>> open_credentials(const std::vector<CredentialFile>& files) {
  std::vector<OpenCredential> opened;
  for (const CredentialFile& file : files) {
    struct stat status {};
    if (::stat(file.path.c_str(), &status) != 0) return fail_errno(errno, file.path);
    if (S_ISDIR(status.st_mode) || S_ISSOCK(status.st_mode)) continue;
    Fd content(::open(file.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!content) return fail_errno(errno, file.path);
    opened.push_back({file, std::move(content)});
  }
  return opened;
}

} // namespace alk::clients
