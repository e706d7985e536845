#include "control/bodies.hpp"

#include "base/bytes.hpp"

#include <type_traits>

namespace alk::listend {

namespace {

// One walk over the fields serves both ways, so that they cannot disagree.
class Writing {
 public:
  explicit Writing(ByteWriter& out) : out_(out) {}

  void number(const std::uint32_t& value) { out_.u32(value); }
  void number(const std::uint64_t& value) { out_.u64(value); }
  void number(const std::int64_t& value) { out_.u64(static_cast<std::uint64_t>(value)); }
  void flag(const bool& value) { out_.u8(value ? 1 : 0); }
  void text(const std::string& value) { out_.string(value); }
  void blob(const std::string& value) { out_.string(value); }
  // Each element is a string of its own: a reader skips the fields that it does not know.
  template <class T>
  void list(const std::vector<T>& values, std::size_t);
  void texts(const std::vector<std::string>& values, std::size_t) {
    out_.u32(static_cast<std::uint32_t>(values.size()));
    for (const std::string& value : values) text(value);
  }
  void counts(const std::map<std::string, std::uint32_t>& values) {
    out_.u32(static_cast<std::uint32_t>(values.size()));
    for (const auto& [key, value] : values) out_.string(key).u32(value);
  }
  void pairs(const std::map<std::string, std::string>& values, std::size_t) {
    out_.u32(static_cast<std::uint32_t>(values.size()));
    for (const auto& [key, value] : values) out_.string(key).string(value);
  }

 private:
  ByteWriter& out_;
};

class Reading {
 public:
  explicit Reading(std::string_view bytes) : in_(bytes) {}
  bool good() const { return good_; }

  void number(std::uint32_t& value) { take(in_.u32(), value); }
  void number(std::uint64_t& value) { take(in_.u64(), value); }
  void number(std::int64_t& value) { take(in_.u64(), value); }
  void flag(bool& value) { take(in_.u8(), value); }
  void text(std::string& value) { take(in_.string(control_text_limit), value); }
  void blob(std::string& value) { take(in_.string(body_limit), value); }
  template <class T>
  void list(std::vector<T>& values, std::size_t limit);
  void texts(std::vector<std::string>& values, std::size_t limit) {
    for (std::uint32_t left = count(limit); good_ && left > 0; --left) text(values.emplace_back());
  }
  void counts(std::map<std::string, std::uint32_t>& values) {
    for (std::uint32_t left = count(control_list_limit); good_ && left > 0; --left) {
      std::string key;
      text(key);
      number(values[key]);
    }
  }
  void pairs(std::map<std::string, std::string>& values, std::size_t limit) {
    for (std::uint32_t left = count(limit); good_ && left > 0; --left) {
      std::string key;
      text(key);
      text(values[key]);
    }
  }

 private:
  std::uint32_t count(std::size_t limit) {
    std::uint32_t found = 0;
    number(found);
    if (found > limit) good_ = false;
    return found;
  }
  template <class Read, class T>
  void take(const std::optional<Read>& read, T& value) {
    good_ = good_ && read.has_value();
    if (!good_) return;
    if constexpr (std::is_same_v<T, bool>)
      value = *read != 0;
    else
      value = static_cast<T>(*read);
  }
  ByteReader in_;
  bool good_ = true;
};

template <class Body>
using Plain = std::remove_const_t<Body>;

template <class Ar, class Body>
void walk(Ar& ar, Body& b) {
  using T = Plain<Body>;
  if constexpr (std::is_same_v<T, HelloBody>) {
    ar.number(b.version), ar.text(b.release), ar.number(b.generation), ar.number(b.pid), ar.flag(b.serving),
        ar.flag(b.draining);
  } else if constexpr (std::is_same_v<T, StartBody>) {
    ar.number(b.generation), ar.number(b.settings), ar.texts(b.sockets, listener_limit);
  } else if constexpr (std::is_same_v<T, ListenerRecord>) {
    ar.text(b.name), ar.text(b.transport), ar.text(b.address), ar.flag(b.active);
  } else if constexpr (std::is_same_v<T, ServingBody>) {
    ar.text(b.host_key_fingerprint), ar.list(b.listeners, control_list_limit);
  } else if constexpr (std::is_same_v<T, TransactionBody>) {
    ar.number(b.number);
  } else if constexpr (std::is_same_v<T, DrainBody>) {
    ar.number(b.deadline);
  } else if constexpr (std::is_same_v<T, StopBody>) {
    ar.number(b.grace);
  } else if constexpr (std::is_same_v<T, SessionRecord>) {
    ar.number(b.id), ar.text(b.identity), ar.text(b.user), ar.text(b.remote_addr), ar.number(b.remote_port),
        ar.text(b.transport), ar.text(b.listener), ar.number(b.since), ar.number(b.channels);
  } else if constexpr (std::is_same_v<T, SessionsBody>) {
    ar.list(b.sessions, control_list_limit);
  } else if constexpr (std::is_same_v<T, DisconnectBody>) {
    ar.number(b.session), ar.text(b.text);
  } else if constexpr (std::is_same_v<T, ExplainBody>) {
    ar.text(b.identity), ar.text(b.destination), ar.text(b.transport), ar.flag(b.live_only);
  } else if constexpr (std::is_same_v<T, ExplainedBody>) {
    ar.flag(b.allowed), ar.number(b.rule), ar.text(b.text);
  } else if constexpr (std::is_same_v<T, AnswerBody>) {
    ar.text(b.error), ar.text(b.text), ar.blob(b.body);
  } else if constexpr (std::is_same_v<T, BeatBody>) {
    ar.number(b.sessions), ar.number(b.connections), ar.flag(b.draining);
  } else if constexpr (std::is_same_v<T, NewsBody>) {
    ar.number(b.session), ar.text(b.identity);
  } else if constexpr (std::is_same_v<T, KeysBody>) {
    ar.text(b.host_key_fingerprint), ar.texts(b.lacking, lacking_limit);
  } else if constexpr (std::is_same_v<T, ListPenaltiesBody>) {
    ar.number(b.most);
  } else if constexpr (std::is_same_v<T, PenaltyRecord>) {
    ar.text(b.source), ar.text(b.offence), ar.number(b.left), ar.flag(b.refusing), ar.number(b.refused);
  } else if constexpr (std::is_same_v<T, PenaltiesBody>) {
    ar.number(b.sources), ar.list(b.penalties, control_list_limit);
  } else if constexpr (std::is_same_v<T, ClearPenaltiesBody>) {
    ar.text(b.address);
  } else if constexpr (std::is_same_v<T, ClearedBody>) {
    ar.texts(b.sources, control_list_limit);
  } else if constexpr (std::is_same_v<T, OffenceBody>) {
    ar.text(b.address), ar.text(b.offence);
  } else if constexpr (std::is_same_v<T, SourcesBody>) {
    ar.counts(b.connections);
  } else if constexpr (std::is_same_v<T, alk::Reading>) {
    ar.text(b.name), ar.pairs(b.labels, labels_limit), ar.number(b.value);
  } else {
    static_assert(std::is_same_v<T, ReadingsBody>);
    ar.list(b.readings, readings_limit);
  }
}

template <class Body>
std::string written(const Body& body) {
  ByteWriter out;
  Writing writing(out);
  walk(writing, body);
  return out.take();
}

template <class T>
void Writing::list(const std::vector<T>& values, std::size_t) {
  out_.u32(static_cast<std::uint32_t>(values.size()));
  for (const T& value : values) out_.string(written(value));
}

template <class T>
void Reading::list(std::vector<T>& values, std::size_t limit) {
  for (std::uint32_t left = count(limit); good_ && left > 0; --left) {
    std::string_view element;
    take(in_.string(body_limit), element);
    Reading inside(element);
    walk(inside, values.emplace_back());
    good_ = good_ && inside.good();
  }
}

constexpr Kind kinds[] = {Kind::Invalid, Kind::Denied, Kind::NotFound,    Kind::Conflict, Kind::Busy,
                          Kind::Locked,  Kind::Gone,   Kind::Unsupported, Kind::Broken};

} // namespace

std::string encode(const HelloBody& body) {
  return written(body);
}
std::string encode(const StartBody& body) {
  return written(body);
}
std::string encode(const ServingBody& body) {
  return written(body);
}
std::string encode(const TransactionBody& body) {
  return written(body);
}
std::string encode(const DrainBody& body) {
  return written(body);
}
std::string encode(const StopBody& body) {
  return written(body);
}
std::string encode(const SessionsBody& body) {
  return written(body);
}
std::string encode(const DisconnectBody& body) {
  return written(body);
}
std::string encode(const ExplainBody& body) {
  return written(body);
}
std::string encode(const ExplainedBody& body) {
  return written(body);
}
std::string encode(const AnswerBody& body) {
  return written(body);
}
std::string encode(const BeatBody& body) {
  return written(body);
}
std::string encode(const NewsBody& body) {
  return written(body);
}
std::string encode(const SourcesBody& body) {
  return written(body);
}
std::string encode(const ReadingsBody& body) {
  return written(body);
}
std::string encode(const KeysBody& body) {
  return written(body);
}
std::string encode(const ListPenaltiesBody& body) {
  return written(body);
}
std::string encode(const PenaltiesBody& body) {
  return written(body);
}
std::string encode(const ClearPenaltiesBody& body) {
  return written(body);
}
std::string encode(const ClearedBody& body) {
  return written(body);
}
std::string encode(const OffenceBody& body) {
  return written(body);
}

template <class Body>
Result<Body> decode(std::string_view bytes) {
  Body body;
  Reading reading(bytes);
  walk(reading, body);
  if (!reading.good()) return fail(Kind::Invalid, "a message of the engine contract is cut short");
  return body;
}

template Result<HelloBody> decode(std::string_view);
template Result<StartBody> decode(std::string_view);
template Result<ServingBody> decode(std::string_view);
template Result<TransactionBody> decode(std::string_view);
template Result<DrainBody> decode(std::string_view);
template Result<StopBody> decode(std::string_view);
template Result<SessionsBody> decode(std::string_view);
template Result<DisconnectBody> decode(std::string_view);
template Result<ExplainBody> decode(std::string_view);
template Result<ExplainedBody> decode(std::string_view);
template Result<AnswerBody> decode(std::string_view);
template Result<BeatBody> decode(std::string_view);
template Result<NewsBody> decode(std::string_view);
template Result<SourcesBody> decode(std::string_view);
template Result<ReadingsBody> decode(std::string_view);
template Result<KeysBody> decode(std::string_view);
template Result<ListPenaltiesBody> decode(std::string_view);
template Result<PenaltiesBody> decode(std::string_view);
template Result<ClearPenaltiesBody> decode(std::string_view);
template Result<ClearedBody> decode(std::string_view);
template Result<OffenceBody> decode(std::string_view);

AnswerBody answer_error(const Error& error) {
  return {std::string(kind_name(error.kind)), error.what, {}};
}

Result<std::string> outcome_of(AnswerBody answer) {
  if (answer.error.empty()) return std::move(answer.body);
  for (Kind kind : kinds)
    if (answer.error == kind_name(kind)) return fail(kind, std::move(answer.text));
  return fail(Kind::Broken, answer.error + ": " + answer.text); // a kind of a later release
}

} // namespace alk::listend
