#include "clients/metrics_wire.hpp"

namespace alk::clients {

namespace {

constexpr std::size_t most_metrics = 1000; // of one daemon; it has dozens
constexpr std::size_t most_labels = 16;
constexpr const char* metric_members = "sssa(a{ss}t)";
constexpr const char* sample_members = "a{ss}t";

void write_sample(bus::Message& out, const Sample& sample) {
  out.write_inside('a', "{ss}", [&] {
    for (const auto& [name, value] : sample.labels)
      out.write_inside('e', "ss",
                       [&, &label = name, &text = value] { out.write_text(label).write_text(text); });
  });
  out.write_u64(sample.value);
}

Result<Sample> read_sample(bus::Message& in) {
  Sample sample;
  auto label = [&]() -> Result<void> {
    ALK_TRY(std::string name, in.read_text());
    ALK_TRY(sample.labels[std::move(name)], in.read_text());
    return {};
  };
  ALK_TRY_VOID(in.read_each(
      "{ss}", [&] { return in.read_inside('e', "ss", label); }, most_labels));
  ALK_TRY(sample.value, in.read_u64());
  return sample;
}

Result<Metric> read_metric(bus::Message& in) {
  Metric metric;
  ALK_TRY(metric.name, in.read_text());
  ALK_TRY(metric.type, in.read_text());
  ALK_TRY(metric.help, in.read_text());
  auto members = [&]() -> Result<void> {
    ALK_TRY(Sample sample, read_sample(in));
    metric.samples.push_back(std::move(sample));
    return {};
  };
  ALK_TRY_VOID(in.read_each("(a{ss}t)", [&] { return in.read_inside('r', sample_members, members); }));
  return metric;
}

} // namespace

void write_metrics(bus::Message& out, std::span<const Metric> metrics) {
  out.write_inside('a', "(sssa(a{ss}t))", [&] {
    for (const Metric& metric : metrics)
      out.write_inside('r', metric_members, [&] {
        out.write_text(metric.name).write_text(metric.type).write_text(metric.help);
        out.write_inside('a', "(a{ss}t)", [&] {
          for (const Sample& sample : metric.samples)
            out.write_inside('r', sample_members, [&] { write_sample(out, sample); });
        });
      });
  });
}

Result<std::vector<Metric>> read_metrics(bus::Message& in) {
  std::vector<Metric> metrics;
  auto members = [&]() -> Result<void> {
    ALK_TRY(Metric metric, read_metric(in));
    metrics.push_back(std::move(metric));
    return {};
  };
  ALK_TRY_VOID(in.read_each(
      "(sssa(a{ss}t))", [&] { return in.read_inside('r', metric_members, members); }, most_metrics));
  return metrics;
}

Result<std::vector<Metric>> ask_metrics(bus::BlockingConnection& connection, const bus::Destination& daemon) {
  ALK_TRY(auto reply, connection.call(connection.make_call(daemon, "GetMetrics")));
  return read_metrics(reply);
}

} // namespace alk::clients
