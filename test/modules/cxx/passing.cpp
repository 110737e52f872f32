// Exceptions as values, at the border to the host, and those that nobody catches.
#include <cerrno>
#include <exception>
#include <stdexcept>
#include <system_error>

#include "cases.hpp"

#define IMPORT(name) extern "C" __attribute__((import_module("host"), import_name(#name)))

IMPORT(host_open) int host_open(int which);
IMPORT(host_call_back) int host_call_back(int depth);
IMPORT(host_terminated) void host_terminated();

namespace cases {
namespace {

void exception_ptr() {
  std::exception_ptr kept;
  try {
    throw std::runtime_error("kept");
  } catch (...) {
    kept = std::current_exception();
  }
  note(kept ? "some" : "none");
  for (int i = 0; i < 2; ++i) {
    try {
      std::rethrow_exception(kept);
    } catch (const std::runtime_error& error) {
      note(error.what());
    }
  }
  std::exception_ptr copy = kept;
  kept = nullptr;
  try {
    std::rethrow_exception(copy);
  } catch (const std::exception& error) {
    note(error.what());
  }
  note(std::current_exception() ? "some" : "none");
}

// The object lives as long as somebody points to it.
struct Living {
  Living() { ++alive; }
  Living(const Living&) { ++alive; }
  ~Living() { --alive; }
  static int alive;
};
int Living::alive = 0;

void lifetime() {
  {
    std::exception_ptr kept = std::make_exception_ptr(Living());
    note(std::to_string(Living::alive));
    try {
      std::rethrow_exception(kept);
    } catch (const Living&) {
      kept = nullptr;
      note(std::to_string(Living::alive));
    }
    note(std::to_string(Living::alive));
  }
  for (int i = 0; i < 100; ++i) {
    try {
      throw Living();
    } catch (...) {
    }
  }
  note(std::to_string(Living::alive));
}

void explain(const std::exception& error) {
  note(error.what());
  try {
    std::rethrow_if_nested(error);
  } catch (const std::exception& cause) {
    explain(cause);
  } catch (...) {
    note("?");
  }
}

void nested_exception() {
  try {
    try {
      try {
        throw 1;
      } catch (...) {
        std::throw_with_nested(std::runtime_error("low"));
      }
    } catch (...) {
      std::throw_with_nested(std::logic_error("high"));
    }
  } catch (const std::exception& error) {
    explain(error);
  }
}

// As a wrapper of an import does: a result becomes an exception.
struct File {
  explicit File(int which) : number(host_open(which)) {
    if (number < 0) throw std::system_error(-number, std::generic_category(), "open");
    note("open" + std::to_string(number));
  }
  ~File() { note("close"); }
  int number;
};

void from_an_import() {
  try {
    File one(1);
    File two(2);
  } catch (const std::system_error& error) {
    note(error.code() == std::errc::no_such_file_or_directory ? "no_such_file" : "wrong");
  }
}

// Guest, host, guest: each level throws and catches its own, with the host between.
void through_the_host() {
  try {
    note("depth" + std::to_string(host_call_back(3)));
    throw std::string("end");
  } catch (const std::string& text) {
    note(text);
  }
}

int fails(int n) noexcept(false) { throw n; }

void uncaught() {
  Noisy noisy("uncaught");
  note(std::to_string(fails(1)));
}

void quiet() noexcept { note(std::to_string(fails(2))); }

void to_terminate() {
  std::set_terminate([] {
    note("terminate");
    host_terminated();
    std::abort();
  });
  quiet();
}

}  // namespace

const Case kPassing[] = {
    {"exception_ptr", exception_ptr},       {"lifetime", lifetime},
    {"nested_exception", nested_exception}, {"from_an_import", from_an_import},
    {"through_the_host", through_the_host}, {"uncaught", uncaught},
    {"to_terminate", to_terminate},         {nullptr, nullptr},
};

}  // namespace cases

// The host calls it while the guest waits for host_call_back.
EXPORT(call_back) int call_back(int depth) {
  cases::Noisy noisy("level" + std::to_string(depth));
  try {
    throw depth;
  } catch (int caught) {
    if (caught == 0) return 0;
    return host_call_back(caught - 1) + 1;
  }
}
