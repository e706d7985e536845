// What alknet-secretd answers in a second to one caller, every secret in a sealed box, and the memory that it
// has locked. Unlocks it first, with words that are no secret. Prints one line of JSON.
//
//   secret_bench BUS-ADDRESS COUNT
#include "clients/secret_client.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>

using namespace alk;

namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* words =
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

[[noreturn]] void fail_with(const Error& error) {
  std::fprintf(stderr, "%s\n", error.describe().c_str());
  std::exit(1);
}

template <class T>
T require(Result<T> result) {
  if (!result) fail_with(result.error());
  return std::move(*result);
}

double per_second(long count, const std::function<void(long)>& call) {
  const auto begin = Clock::now();
  for (long i = 0; i < count; ++i) call(i);
  return static_cast<double>(count) / std::chrono::duration<double>(Clock::now() - begin).count();
}

int measure(const char* address, long count) {
  auto connection = require(bus::BlockingConnection::open(address));
  clients::SecretClient secrets(connection);
  if (!require(secrets.status()).unlocked)
    require(secrets.unlock(clients::unlock_request(words, ""), clients::Force::Yes));
  const std::string text(64, 'x');
  const double fresh = per_second(count, [&](long i) {
    // A path of its own each: not one of the keys that are remembered.
    require(secrets.derive(clients::KeyType::Ed25519, "m/74'/0'/1'/" + std::to_string(i) + "'"));
  });
  const double again =
      per_second(count, [&](long) { require(secrets.derive(clients::KeyType::Ed25519, "m/74'/0'/1'/0'")); });
  const double encrypt = per_second(count, [&](long) { require(secrets.encrypt(text, "bench", 2)); });
  const auto record = require(secrets.encrypt(text, "bench", 2));
  const double decrypt = per_second(count, [&](long) { require(secrets.decrypt(record)); });
  std::printf("{\"derive\": %.1f, \"derive_again\": %.1f, \"encrypt\": %.1f, \"decrypt\": %.1f, "
              "\"locked_kib\": %llu}\n",
              fresh, again, encrypt, decrypt,
              static_cast<unsigned long long>(require(secrets.status()).locked_memory / 1024));
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  return argc == 3 ? measure(argv[1], std::max(1L, std::atol(argv[2]))) : 2;
}
