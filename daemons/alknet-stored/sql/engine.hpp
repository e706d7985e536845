// Where databases are: the system's one and one for each tenant. An engine opens, makes and retires them; all
// of its members may be called from any thread.
#pragma once

#include "alknet-stored/sql/connection.hpp"
#include "alknet-stored/sql/progress.hpp"
#include "base/fd.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace alk::stored {

// The system's database, or a tenant's: the id of its organisation, a UUID of ours in lower case.
class Place {
 public:
  static Place system() { return Place({}); }
  static Result<Place> tenant(std::string_view id); // Invalid: no UUID of ours

  bool is_system() const { return id_.empty(); }
  const std::string& id() const { return id_; }
  bool operator==(const Place&) const = default;

 private:
  explicit Place(std::string id) : id_(std::move(id)) {}
  std::string id_;
};

// Who hears of changes that anybody commits. Called on a thread of the engine's; neither may wait.
struct Watcher {
  // A commit of this place; without one, whatever may have been committed while nothing was heard.
  std::function<void(std::optional<Place>)> changed;
  // Nothing is heard from now on, and why. `changed` without a place follows when it is over.
  std::function<void(Error)> lost;
};

// Ends with its object, after which nothing is called any more.
class Watch {
 public:
  virtual ~Watch() = default;
};

// A storage that is filled from nothing: with the commit of the system's database all of it is there, before
// it nothing. What was made and is not finished at the end of this object is taken away.
class Filling {
 public:
  virtual ~Filling() = default;
  // One transaction in a new database, which nobody else reaches yet. Conflict: there is one of this tenant,
  // also retired.
  virtual Result<void> tenant(const Place& place, const Work& work) = 0;
  // The last step. After a commit that cannot be finished (Broken) settle() does it.
  virtual Result<void> system(const Work& work) = 0;
};

// Beyond these a database is known to be damaged.
inline constexpr std::size_t max_findings = 100;

class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::string name() const = 0; // "SQLite 3.40.1", for people

  // Access::Write brings the tables to this program's version first. The system's database is made when it is
  // not there; a tenant's is not. Errors: NotFound (no such tenant), Unsupported (tables of a newer version
  // than this program's), Busy, Broken (also: damaged, or no database of ours).
  virtual Result<std::unique_ptr<Connection>> open(const Place& place, Access access) = 0;

  // For reads of the system's database on a thread that others wait for: without waiting for a writer, a disk
  // or a network, and with an end. What would need any of these is Busy or Broken, and can be done on a
  // connection of open(). nullptr: this engine has no such thing. Errors: as of open().
  virtual Result<std::unique_ptr<Connection>> open_at_once() { return std::unique_ptr<Connection>(); }

  // One at a time, by whoever calls settle() before. Busy: another program on the same server does it.
  virtual Result<std::unique_ptr<Filling>> begin_filling() = 0;
  // Of a filling, or of making a tenant, that was killed: what `known` knows becomes a tenant, the rest is
  // removed. Files that are not of the shape of ours are left alone.
  using Known = std::function<Result<bool>(const Place& place)>;
  virtual Result<void> settle(const Known& known) = 0;

  // A tenant's life. All of its connections must be closed before it is retired.
  virtual Result<void> make_tenant(const Place& place) = 0;   // all or nothing; Conflict: there, also retired
  virtual Result<void> retire_tenant(const Place& place) = 0; // out of use, but kept; NotFound
  virtual Result<void> erase_tenant(const Place& place) = 0;  // for good; only a retired one, else NotFound

  // Of an engine whose databases are files of ours; any other answers Unsupported. Both run beside readers
  // and the writer, who do not wait for them.
  virtual Result<void> require_files() const;
  // What is wrong with a database, in words, at most max_findings. Errors: NotFound, Busy, Broken.
  virtual Result<std::vector<std::string>> inspect(const Place& place, Progress& progress);
  // All that is committed now, as a file that was inspected, that nobody else reaches, and that is gone with
  // its descriptor, which stands at the beginning. One at a time. Errors: NotFound, Busy ("storage full": it
  // takes as much space as the database), Conflict (the copy is damaged, and so probably is the database),
  // Broken.
  virtual Result<Fd> copy(const Place& place, Progress& progress);

  // What all databases take on the disk, in bytes; asked in a transaction of the system's.
  virtual Result<std::uint64_t> size(Transaction& system) const = 0;

  // Nothing when this program alone writes here. The engine must outlive the watch.
  virtual std::unique_ptr<Watch> watch(Watcher) { return nullptr; }
};

// Whether `text` is a UUID as we make them: 8-4-4-4-12 hexadecimal digits in lower case.
bool is_uuid(std::string_view text);

} // namespace alk::stored
