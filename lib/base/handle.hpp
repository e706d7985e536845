// Ownership of a C library's object: one line per type, in the room that may include its header.
//   using Key = Handle<ssh_key_struct, ssh_key_free>;
#pragma once

#include <memory>

namespace alk {

template <auto Function>
struct Calls {
  template <class T>
  void operator()(T* object) const noexcept {
    Function(object);
  }
};

template <class T, auto Free>
using Handle = std::unique_ptr<T, Calls<Free>>;

} // namespace alk
