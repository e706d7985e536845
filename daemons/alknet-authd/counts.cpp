#include "alknet-authd/counts.hpp"

namespace alk::authd {

void Counts::verdict(const Result<Verdict>& verdict) {
  if (!verdict) {
    ++malformed_;
    return;
  }
  const auto* refusal = std::get_if<Refusal>(&*verdict);
  ++(refusal == nullptr ? accepted_ : refused_[static_cast<std::size_t>(*refusal)]);
}

static bool of_a_token(Refusal refusal) {
  return refusal <= Refusal::Expired || refusal >= Refusal::MalformedToken;
}

void Counts::token(const Verdict& verdict) {
  const auto* refusal = std::get_if<Refusal>(&verdict);
  ++(refusal == nullptr ? tokens_accepted_ : tokens_refused_[static_cast<std::size_t>(*refusal)]);
}

std::vector<Metric> Counts::metrics() const {
  auto result = [](std::string_view word, std::uint64_t count) {
    return Sample{{{"result", std::string(word)}}, count};
  };
  Metric verdicts{"alknet_authd_verifications_total",
                  "counter",
                  "Public keys judged, by result; a login asks once or twice",
                  {result("accept", accepted_), result("malformed", malformed_)}};
  for (Refusal refusal : refusals)
    if (refusal < Refusal::MalformedToken || refusal >= Refusal::Revoked)
      verdicts.samples.push_back(result(refusal_word(refusal), refused_[static_cast<std::size_t>(refusal)]));
  Metric tokens{"alknet_authd_tokens_total",
                "counter",
                "AuthTokens and API keys judged, by result",
                {result("accept", tokens_accepted_)}};
  for (Refusal refusal : refusals)
    if (of_a_token(refusal))
      tokens.samples.push_back(
          result(refusal_word(refusal), tokens_refused_[static_cast<std::size_t>(refusal)]));
  return {std::move(verdicts),
          {"alknet_authd_reloads_total",
           "counter",
           "Reloads of keys and configuration, by result",
           {result("ok", reloads_done_), result("failed", reloads_failed_)}},
          std::move(tokens)};
}

} // namespace alk::authd
