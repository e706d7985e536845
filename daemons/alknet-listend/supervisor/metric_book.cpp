#include "supervisor/metric_book.hpp"

#include <algorithm>

namespace alk::listend {

namespace {

struct Family {
  const char* name;
  const char* type;
  const char* help;
};

constexpr const char* counter = "counter";
constexpr const char* gauge = "gauge";

constexpr Family catalogue[] = {
    {"alknet_connections_accepted_total", counter, "Connections accepted"},
    {"alknet_connections_refused_total", counter, "Connections refused before TLS or SSH began, by reason"},
    {"alknet_handshakes_failed_total", counter,
     "Connections that ended before it was known what they want, TLS handshakes among them"},
    {"alknet_logins_accepted_total", counter, "SSH logins"},
    {"alknet_logins_failed_total", counter, "Attempts to log in that failed, by reason"},
    {"alknet_web_requests_total", counter, "Requests that the web side of a listener has answered"},
    {"alknet_channels_opened_total", counter, "Channels that reached their destination"},
    {"alknet_channels_refused_total", counter, "Channels and channel requests refused, by reason"},
    {"alknet_forwarded_bytes_total", counter, "Payload of all channels; up is from the client"},
    {"alknet_channels", gauge, "Open channels of all sessions"},
    {"alknet_listener_sessions", gauge, "Established SSH sessions by listener"},
    {"alknet_identity_logins_total", counter, "SSH logins by identity, the first 100 and other"},
    {"alknet_identity_forwarded_bytes_total", counter,
     "Payload of channels by identity, the first 100 and other"},
    {"alknet_identity_sessions", gauge, "Established SSH sessions by identity, the first 100 and other"},
    {"alknet_identity_channels", gauge, "Open channels by identity, the first 100 and other"},
};

const Family* find(const std::string& name) {
  auto found = std::find_if(std::begin(catalogue), std::end(catalogue),
                            [&name](const Family& family) { return name == family.name; });
  return found == std::end(catalogue) ? nullptr : found;
}

} // namespace

auto MetricBook::sums_of(const ReadingsBody& body) -> Sums {
  Sums sums;
  for (const Reading& reading : body.readings) {
    if (find(reading.name) == nullptr) continue;
    Labels labels = reading.labels;
    if (auto identity = labels.find("identity"); identity != labels.end()) {
      if (identities_.size() < most_identities && identity->second != other_identities)
        identities_.insert(identity->second);
      if (!identities_.contains(identity->second)) identity->second = other_identities;
    }
    sums[{reading.name, std::move(labels)}] += reading.value;
  }
  return sums;
}

void MetricBook::note(std::uint64_t generation, const ReadingsBody& body) {
  Sums& known = live_[generation];
  Sums next = sums_of(body);
  for (const auto& [series, value] : known) {
    if (find(series.first)->type != counter) continue;
    if (next.size() >= readings_limit && !next.contains(series)) continue;
    auto& counted = next[series];
    counted = std::max(counted, value);
  }
  known = std::move(next);
}

void MetricBook::ended(std::uint64_t generation) {
  auto last = live_.find(generation);
  if (last == live_.end()) return;
  for (const auto& [series, value] : last->second) {
    if (find(series.first)->type != counter) continue;
    if (ended_.size() < readings_limit || ended_.contains(series)) ended_[series] += value;
  }
  live_.erase(last);
}

std::vector<Metric> MetricBook::sums() const {
  Sums all = ended_;
  for (const auto& [generation, sums] : live_)
    for (const auto& [series, value] : sums) all[series] += value;
  std::vector<Metric> metrics;
  for (const Family& family : catalogue) {
    Metric& metric = metrics.emplace_back(Metric{family.name, family.type, family.help, {}});
    for (auto at = all.lower_bound({metric.name, {}}); at != all.end() && at->first.first == metric.name;
         ++at)
      metric.samples.push_back({at->first.second, at->second});
  }
  return metrics;
}

std::string MetricBook::save() const {
  ReadingsBody body;
  for (const auto& [series, value] : ended_) body.readings.push_back({series.first, series.second, value});
  return encode(body);
}

void MetricBook::restore(std::string_view saved) {
  if (auto body = decode<ReadingsBody>(saved)) ended_ = sums_of(*body);
}

} // namespace alk::listend
