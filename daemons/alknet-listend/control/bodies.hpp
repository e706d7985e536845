// The bodies of the messages of contracts/engine-control.md, in its order. Every text and list is bounded
// when it is read: an engine holds what strangers typed.
#pragma once

#include "base/metric.hpp"
#include "base/result.hpp"
#include "control/message.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace alk::listend {

inline constexpr std::size_t control_text_limit = 256 * 1024; // every problem of a configuration, in lines
inline constexpr std::size_t control_list_limit =
    1 << 20;                                         // sessions, sources: far above any limit of descriptors
inline constexpr std::size_t readings_limit = 16384; // 64 listeners of some 40 counts each, 101 identities
inline constexpr std::size_t labels_limit = 8;
inline constexpr std::size_t lacking_limit = 64;  // the host key, and credentials that are named in one file
inline constexpr std::size_t listener_limit = 64; // descriptors of one message: below the kernel's 253

// Hello, and the Answer to it.
struct HelloBody {
  std::uint32_t version = control_version;
  std::string release; // of the program, for people
  std::uint64_t generation = 0;
  std::uint64_t pid = 0;
  bool serving = false;
  bool draining = false;
};

// Start. Descriptors: the bundle (bundle.hpp), then one listening socket for each name.
struct StartBody {
  std::uint64_t generation = 0;
  std::uint64_t settings = 0; // number of the configuration
  std::vector<std::string> sockets;
};

struct ListenerRecord {
  std::string name;
  std::string transport;
  std::string address; // empty when inactive
  bool active = false;
};

// Answer to Start.
struct ServingBody {
  std::string host_key_fingerprint;
  std::vector<ListenerRecord> listeners;
};

// Prepare (with the bundle as its descriptor), Commit, Abort.
struct TransactionBody {
  std::uint64_t number = 0;
};

struct DrainBody {
  std::uint64_t deadline = 0; // seconds from now until the rest is told to leave
};

struct StopBody {
  std::uint32_t grace = 0; // milliseconds for farewells
};

struct SessionRecord {
  std::uint64_t id = 0;
  std::string identity;
  std::string user;
  std::string remote_addr;
  std::uint32_t remote_port = 0;
  std::string transport;
  std::string listener;
  std::uint64_t since = 0;
  std::uint32_t channels = 0;
};

// Answer to List.
struct SessionsBody {
  std::vector<SessionRecord> sessions;
};

struct DisconnectBody {
  std::uint64_t session = 0;
  std::string text;
};

struct ExplainBody {
  std::string identity;
  std::string destination;
  std::string transport;
  bool live_only = false; // NotFound unless the identity has a session here
};

// Answer to Explain.
struct ExplainedBody {
  bool allowed = false;
  std::int64_t rule = -1;
  std::string text;
};

// Answer: what went wrong, or the body that the question asks for.
struct AnswerBody {
  std::string error; // kind_name(), empty when all is well
  std::string text;
  std::string body;
};

struct BeatBody {
  std::uint32_t sessions = 0;
  std::uint32_t connections = 0;
  bool draining = false;
};

// Opened, Closed.
struct NewsBody {
  std::uint64_t session = 0;
  std::string identity;
};

// Sources (of a draining engine) and Elsewhere (their sum, to the one that accepts): live connections.
struct SourcesBody {
  std::map<std::string, std::uint32_t> connections; // by address
};

// Answer to Measure, and Measured: what is counted in the engine.
struct ReadingsBody {
  std::vector<Reading> readings;
};

// Keys: what the engine has from alknet-secretd, and what it waits for.
struct KeysBody {
  std::string host_key_fingerprint; // "": none, nobody is served by SSH
  std::vector<std::string> lacking; // for people, one sentence each
  bool operator==(const KeysBody&) const = default;
};

struct ListPenaltiesBody {
  std::uint32_t most = 0; // those that last longest; 0 = all
};

struct PenaltyRecord {
  std::string source;     // an address, or a network as ADDRESS/BITS
  std::string offence;    // the last one, as offence_word()
  std::uint64_t left = 0; // milliseconds
  bool refusing = false;
  std::uint64_t refused = 0; // connections so far
};

// Answer to ListPenalties, and Penalise: takes over what is worse than what it has.
struct PenaltiesBody {
  std::uint64_t sources = 0; // may be more than are listed
  std::vector<PenaltyRecord> penalties;
};

struct ClearPenaltiesBody {
  std::string address; // any of the source's; "" = all
};

// Answer to ClearPenalties.
struct ClearedBody {
  std::vector<std::string> sources;
};

// Offended (of a draining engine) and Blame (to the one that accepts): somebody ended without a login.
struct OffenceBody {
  std::string address;
  std::string offence;
};

std::string encode(const HelloBody& body);
std::string encode(const StartBody& body);
std::string encode(const ServingBody& body);
std::string encode(const TransactionBody& body);
std::string encode(const DrainBody& body);
std::string encode(const StopBody& body);
std::string encode(const SessionsBody& body);
std::string encode(const DisconnectBody& body);
std::string encode(const ExplainBody& body);
std::string encode(const ExplainedBody& body);
std::string encode(const AnswerBody& body);
std::string encode(const BeatBody& body);
std::string encode(const NewsBody& body);
std::string encode(const SourcesBody& body);
std::string encode(const ReadingsBody& body);
std::string encode(const KeysBody& body);
std::string encode(const ListPenaltiesBody& body);
std::string encode(const PenaltiesBody& body);
std::string encode(const ClearPenaltiesBody& body);
std::string encode(const ClearedBody& body);
std::string encode(const OffenceBody& body);

// Invalid: cut short, or beyond a limit. Instantiated for every body above.
template <class Body>
Result<Body> decode(std::string_view bytes);

AnswerBody answer_error(const Error& error);
// The error that the answer carries, or its body.
Result<std::string> outcome_of(AnswerBody answer);

} // namespace alk::listend
