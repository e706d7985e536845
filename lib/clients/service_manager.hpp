// What our tools ask of systemd (org.freedesktop.systemd1(5)): what it gives to a unit and what it does with
// it.
#pragma once

#include "base/fd.hpp"
#include "bus/blocking.hpp"

namespace alk::clients {

inline constexpr const char* listend_unit = "alknet-listend.service";

// A line LoadCredential=NAME:PATH of a unit.
struct CredentialFile {
  std::string name;
  std::string path; // absolute
};

struct OpenCredential {
  CredentialFile file;
  Fd content;
};

// Opens each file as whoever calls. Directories and sockets are left out: only a restart reads those. Errors:
// by errno, naming the file.
Result<std::vector<OpenCredential>> open_credentials(const std::vector<CredentialFile>& files);

// The object of a unit: bus_path_encode(3).
std::string unit_path(std::string_view unit);

// Type of the unit's job in an answer to ListJobs: "stop", "restart"; empty when it has none.
Result<std::string> read_job_type(bus::Message& reply, const std::string& unit);

// Errors: Gone when no service manager is on that bus.
class ServiceManager {
 public:
  explicit ServiceManager(bus::BlockingConnection& connection) : connection_(connection) {}

  // Files that the unit's credentials are made from; everybody may ask. Empty for a unit that does not exist.
  Result<std::vector<CredentialFile>> credentials(const std::string& unit);

 private:
  bus::BlockingConnection& connection_;
};

} // namespace alk::clients
