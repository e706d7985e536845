// alknetctl: the administrator's program. It holds nothing; everything is asked over the bus.
#include "cli.hpp"
#include "verbs.hpp"

#include <exception>
#include <iostream>

#include <sodium.h>

int main(int argc, char** argv) {
  try {
    if (sodium_init() < 0) return alk::alknetctl::exit_failed;
    return alk::alknetctl::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << '\n';
    return alk::alknetctl::exit_failed;
  }
}
