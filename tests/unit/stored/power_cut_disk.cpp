#include "power_cut_disk.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace alk::stored {

namespace {

constexpr std::size_t sector = 512;

// SQLite's handle of one file: ours in front, room for the ordinary VFS' behind it.
struct Handle {
  sqlite3_file base;
  PowerCutDisk* disk;
  std::string* path;
  sqlite3_file* below;
};

Handle& handle(sqlite3_file* file) {
  return *reinterpret_cast<Handle*>(file);
}
sqlite3_file* below(sqlite3_file* file) {
  return handle(file).below;
}

int close_file(sqlite3_file* file) {
  const int code = below(file)->pMethods->xClose(below(file));
  delete handle(file).path;
  return code;
}
int read_file(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
  return below(file)->pMethods->xRead(below(file), to, size, offset);
}
int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
  if (!handle(file).disk->write(*handle(file).path, static_cast<std::uint64_t>(offset), from,
                                static_cast<std::size_t>(size)))
    return SQLITE_IOERR_WRITE;
  return below(file)->pMethods->xWrite(below(file), from, size, offset);
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  if (!handle(file).disk->truncate(*handle(file).path, static_cast<std::uint64_t>(size)))
    return SQLITE_IOERR_TRUNCATE;
  return below(file)->pMethods->xTruncate(below(file), size);
}
int sync_file(sqlite3_file* file, int) {
  return handle(file).disk->sync(*handle(file).path) ? SQLITE_OK : SQLITE_IOERR_FSYNC;
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return below(file)->pMethods->xFileSize(below(file), size);
}
int lock(sqlite3_file* file, int level) {
  return below(file)->pMethods->xLock(below(file), level);
}
int unlock(sqlite3_file* file, int level) {
  return below(file)->pMethods->xUnlock(below(file), level);
}
int check_lock(sqlite3_file* file, int* reserved) {
  return below(file)->pMethods->xCheckReservedLock(below(file), reserved);
}
int control(sqlite3_file* file, int operation, void* argument) {
  // Growing a file ahead of its writes would pass us by.
  if (operation == SQLITE_FCNTL_SIZE_HINT || operation == SQLITE_FCNTL_CHUNK_SIZE) return SQLITE_OK;
  return below(file)->pMethods->xFileControl(below(file), operation, argument);
}
int sector_size(sqlite3_file*) {
  return sector;
}
int characteristics(sqlite3_file* file) {
  return below(file)->pMethods->xDeviceCharacteristics(below(file));
}
int map_shared(sqlite3_file* file, int region, int size, int extend, void volatile** memory) {
  return below(file)->pMethods->xShmMap(below(file), region, size, extend, memory);
}
int lock_shared(sqlite3_file* file, int offset, int count, int flags) {
  return below(file)->pMethods->xShmLock(below(file), offset, count, flags);
}
void barrier(sqlite3_file* file) {
  below(file)->pMethods->xShmBarrier(below(file));
}
int unmap_shared(sqlite3_file* file, int remove) {
  return below(file)->pMethods->xShmUnmap(below(file), remove);
}

constexpr int with_shared_memory = 2; // version of the methods: no memory-mapped reading
constexpr sqlite3_io_methods methods = {
    with_shared_memory,
    close_file,
    read_file,
    write_file,
    truncate_file,
    sync_file,
    file_size,
    lock,
    unlock,
    check_lock,
    control,
    sector_size,
    characteristics,
    map_shared,
    lock_shared,
    barrier,
    unmap_shared,
    nullptr,
    nullptr,
};

PowerCutDisk::Vfs& of(sqlite3_vfs* vfs) {
  return *static_cast<PowerCutDisk::Vfs*>(vfs);
}

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* granted) {
  Handle& opened = handle(file);
  opened.base.pMethods = nullptr;
  opened.below = reinterpret_cast<sqlite3_file*>(&opened + 1);
  const int code = of(vfs).below->xOpen(of(vfs).below, name, opened.below, flags, granted);
  if (code != SQLITE_OK) return code;
  if (name == nullptr) std::abort(); // temporary files are in memory
  opened.disk = of(vfs).disk;
  opened.path = new std::string(name);
  opened.disk->open(name);
  opened.base.pMethods = &methods;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, const char* name, int) {
  if (!of(vfs).disk->remove(name)) return SQLITE_IOERR_DELETE;
  return of(vfs).below->xDelete(of(vfs).below, name, 0);
}

} // namespace

PowerCutDisk::PowerCutDisk() {
  static std::atomic<int> number{0};
  name_ = "power-cut-" + std::to_string(++number);
  vfs_.below = sqlite3_vfs_find(nullptr);
  vfs_.disk = this;
  static_cast<sqlite3_vfs&>(vfs_) = *vfs_.below; // what a disk has no part in stays as it is
  vfs_.szOsFile = static_cast<int>(sizeof(Handle)) + vfs_.below->szOsFile;
  vfs_.zName = name_.c_str();
  vfs_.pNext = nullptr;
  vfs_.xOpen = open_file;
  vfs_.xDelete = delete_file;
  if (sqlite3_vfs_register(&vfs_, 0) != SQLITE_OK) std::abort();
}

PowerCutDisk::~PowerCutDisk() {
  sqlite3_vfs_unregister(&vfs_);
}

void PowerCutDisk::cut_at(std::uint64_t operation) {
  std::lock_guard lock(mutex_);
  left_ = operation;
}

bool PowerCutDisk::off() const {
  std::lock_guard lock(mutex_);
  return left_ == 0;
}

bool PowerCutDisk::tick() {
  if (left_ != 0) --left_;
  return left_ != 0;
}

void PowerCutDisk::open(const std::string& path) {
  std::lock_guard lock(mutex_);
  files_[path];
}

// The write that the power goes with may be half done.
bool PowerCutDisk::write(const std::string& path, std::uint64_t offset, const void* bytes, std::size_t size) {
  std::lock_guard lock(mutex_);
  if (left_ == 0) return false;
  files_[path].pending.push_back({offset, std::string(static_cast<const char*>(bytes), size)});
  return tick();
}

bool PowerCutDisk::truncate(const std::string& path, std::uint64_t size) {
  std::lock_guard lock(mutex_);
  if (left_ == 0) return false;
  files_[path].pending.push_back({size, {}});
  return tick();
}

bool PowerCutDisk::sync(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (!tick()) return false;
  File& file = files_[path];
  for (const Change& change : file.pending) apply(change, file.synced);
  file.pending.clear();
  return true;
}

bool PowerCutDisk::remove(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (!tick()) return false;
  files_.erase(path);
  return true;
}

void PowerCutDisk::apply(const Change& change, std::string& content) {
  if (change.bytes.empty()) return content.resize(change.offset);
  content.resize(std::max<std::size_t>(content.size(), change.offset + change.bytes.size()));
  content.replace(change.offset, change.bytes.size(), change.bytes);
}

void PowerCutDisk::restart_into(const std::string& directory, std::mt19937& dice, double survival) const {
  std::lock_guard lock(mutex_);
  std::bernoulli_distribution survives(survival);
  for (const auto& [path, file] : files_) {
    std::string content = file.synced;
    for (const Change& change : file.pending) {
      if (change.bytes.empty() && survives(dice)) apply(change, content);
      for (std::size_t at = 0; at < change.bytes.size();) {
        const std::size_t size = std::min(sector - (change.offset + at) % sector, change.bytes.size() - at);
        if (survives(dice)) apply({change.offset + at, change.bytes.substr(at, size)}, content);
        at += size;
      }
    }
    std::ofstream(directory + path.substr(path.rfind('/')), std::ios::binary) << content;
  }
}

} // namespace alk::stored
