// Derivation paths: no crash, and what is read is written so that it reads the same.
#include "alknet-secretd/path.hpp"

#include <cstdlib>

using namespace alk::secretd;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto path = parse_path({reinterpret_cast<const char*>(data), size});
  if (!path) return 0;
  auto again = parse_path(path->text());
  if (!again || !(*again == *path) || path->indices.size() > max_path_depth) std::abort();
  int branches = 0;
  for (Branch branch : {Branch::Identity, Branch::Password, Branch::Encryption, Branch::Ethereum})
    branches += check_branch(*path, branch) ? 1 : 0;
  if (branches > 1) std::abort(); // a key has one kind
  return 0;
}
