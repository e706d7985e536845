// Looks for every 8-byte slice of secrets in all memory of a process, also in mappings that it may not read
// itself.
//
//   memory_search PID < needles      (lines of hex, at least 8 bytes each)
//
// Prints "ADDRESS HEX MAPPING" for each place that holds a slice, then "searched BYTES in MAPPINGS". Exit
// code 0 when nothing was found, 1 when something was, 2 when the search could not be made. Needs the right
// to trace the process.
#include <algorithm>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string>
#include <unordered_set>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace {

constexpr std::size_t slice = 8;
constexpr std::size_t chunk = 1 << 20;
constexpr std::size_t filter_bits = 1 << 16;

struct Needles {
  std::unordered_set<std::uint64_t> slices;
  std::vector<bool> filter = std::vector<bool>(filter_bits); // by the first two bytes

  void add(const std::string& bytes) {
    for (std::size_t i = 0; i + slice <= bytes.size(); ++i) {
      std::uint64_t value;
      std::memcpy(&value, bytes.data() + i, slice);
      slices.insert(value);
      filter[value % filter_bits] = true;
    }
  }
};

std::string unhex(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
  return bytes;
}

std::size_t found = 0, searched = 0, mappings = 0;

// Neighbours overlap by 7 bytes, so that no slice falls between two.
void search(int memory, std::uint64_t begin, std::uint64_t end, const std::string& mapping,
            const Needles& needles) {
  std::vector<char> buffer(chunk + slice);
  for (std::uint64_t at = begin; at < end; at += chunk) {
    const std::size_t wanted = std::min<std::uint64_t>(end - at, chunk + slice - 1);
    const ssize_t got = ::pread(memory, buffer.data(), wanted, static_cast<off_t>(at));
    if (got < static_cast<ssize_t>(slice)) continue; // a device or a hole
    searched += static_cast<std::size_t>(got);
    for (std::size_t i = 0; i + slice <= static_cast<std::size_t>(got); ++i) {
      std::uint64_t value;
      std::memcpy(&value, buffer.data() + i, slice);
      if (!needles.filter[value % filter_bits] || needles.slices.count(value) == 0) continue;
      ++found;
      std::printf("%" PRIx64 " ", at + i);
      for (std::size_t j = 0; j < slice; ++j) std::printf("%02x", static_cast<unsigned char>(buffer[i + j]));
      std::printf(" %s\n", mapping.c_str());
    }
  }
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string process = "/proc/" + std::string(argv[1]);
  Needles needles;
  for (std::string line; std::getline(std::cin, line);) needles.add(unhex(line));
  const int memory = ::open((process + "/mem").c_str(), O_RDONLY | O_CLOEXEC);
  std::ifstream maps(process + "/maps");
  if (needles.slices.empty() || memory < 0 || !maps) return 2;
  for (std::string line; std::getline(maps, line);) {
    std::uint64_t begin = 0, end = 0;
    if (std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64, &begin, &end) != 2) return 2;
    if (line.find("[v") != std::string::npos) continue; // the kernel's: vvar, vsyscall
    ++mappings;
    search(memory, begin, end, line, needles);
  }
  std::printf("searched %zu bytes in %zu mappings\n", searched, mappings);
  return found > 0 ? 1 : searched > 0 ? 0 : 2;
}
