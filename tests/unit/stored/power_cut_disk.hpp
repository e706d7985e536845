// A disk that loses its power: a VFS of SQLite over the ordinary one that knows which writes were synced.
// What was not may reach the platters or not, sector by sector and in any order, once the power is gone.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include <sqlite3.h>

namespace alk::stored {

class PowerCutDisk {
 public:
  // Registers itself with SQLite under vfs(), until the end. All of its files are closed by then.
  PowerCutDisk();
  ~PowerCutDisk();
  PowerCutDisk(const PowerCutDisk&) = delete;
  PowerCutDisk& operator=(const PowerCutDisk&) = delete;

  const char* vfs() const { return name_.c_str(); }

  // The power goes with the `operation`th write, truncation or sync from now on: it and all later ones fail.
  void cut_at(std::uint64_t operation);
  bool off() const;

  // What the machine finds when it starts again, as files of the same names in `directory`, which is empty.
  // Each sector (512 bytes) of each write that was not synced is there with the probability `survival`.
  void restart_into(const std::string& directory, std::mt19937& dice, double survival) const;

  // For the VFS: each says whether there still is power.
  bool write(const std::string& path, std::uint64_t offset, const void* bytes, std::size_t size);
  bool truncate(const std::string& path, std::uint64_t size);
  bool sync(const std::string& path);
  bool remove(const std::string& path);
  void open(const std::string& path);

  struct Vfs : sqlite3_vfs {
    PowerCutDisk* disk = nullptr;
    sqlite3_vfs* below = nullptr;
  };

 private:
  struct Change {
    std::uint64_t offset = 0; // for a truncation the new size
    std::string bytes;        // empty: a truncation
  };
  struct File {
    std::string synced;
    std::vector<Change> pending;
  };

  bool tick();
  static void apply(const Change& change, std::string& content);

  mutable std::mutex mutex_;
  std::map<std::string, File> files_;
  std::uint64_t left_ = UINT64_MAX; // operations before the cut
  std::string name_;
  Vfs vfs_;
};

} // namespace alk::stored
