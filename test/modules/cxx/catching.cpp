// Which handler an exception finds, and with which object.
#include <new>
#include <stdexcept>
#include <typeinfo>

#include "cases.hpp"

namespace cases {
namespace {

struct Base {
  virtual ~Base() = default;
  virtual std::string name() const { return "Base"; }
};
struct Other {
  virtual ~Other() = default;
  virtual std::string other() const { return "Other"; }
  int filler = 7;
};
struct Derived : Base {
  std::string name() const override { return "Derived"; }
};
// Its Other lies behind its Derived: the handler gets another address than was thrown.
struct Both : Derived, Other {
  explicit Both(std::string text) : text(std::move(text)) {}
  std::string name() const override { return "Both"; }
  std::string other() const override { return "Both(" + text + ")"; }
  std::string text;
};
struct Left : virtual Base {};
struct Right : virtual Base {};
struct Diamond : Left, Right {
  std::string name() const override { return "Diamond"; }
};
struct Plain {
  std::string text = "plain";
};
struct More : Plain {
  std::string more = "more";
};

void nested() {
  try {
    try {
      try {
        throw 1;
      } catch (const std::string&) {
        note("wrong");
      }
      note("wrong");
    } catch (int value) {
      note("int" + std::to_string(value));
      throw std::string("two");
    }
  } catch (const std::string& text) {
    note(text);
  }
}

void nested_in_handler() {
  try {
    throw std::string("outer");
  } catch (const std::string& outer) {
    try {
      throw std::string("inner");
    } catch (const std::string& inner) {
      note(inner);
    }
    note(outer);
  }
}

void rethrow() {
  try {
    try {
      try {
        throw std::runtime_error("first");
      } catch (std::exception& error) {
        note(std::string("a:") + error.what());
        throw;
      }
    } catch (const std::logic_error&) {
      note("wrong");
    } catch (...) {
      note("b");
      throw;
    }
  } catch (const std::runtime_error& error) {
    note(std::string("c:") + error.what());
  }
}

// A handler that has the object by reference changes what the next one sees.
void rethrow_changed() {
  try {
    try {
      throw std::string("small");
    } catch (std::string& text) {
      text += " and changed";
      throw;
    }
  } catch (const std::string& text) {
    note(text);
  }
}

void by_base() {
  try {
    throw Derived();
  } catch (const Base& base) {
    note(base.name());
  }
  try {
    throw Diamond();
  } catch (const Base& base) {
    note(base.name());
  }
}

void by_second_base() {
  try {
    throw Both(std::string(40, 'x'));
  } catch (const Other& other) {
    note(other.other() + std::to_string(other.filler));
  }
}

// The handler has a copy, of the base only.
void by_value() {
  try {
    try {
      throw More();
    } catch (Plain plain) {
      note(plain.text);
      plain.text = "wrong";
      throw;
    }
  } catch (const More& more) {
    note(more.text + more.more);
  }
}

void pointers() {
  // (Emscripten's invoke_* neither moves a pointer to the part that a handler handles, nor
  // makes one of a nullptr.)
  static Both both("p");
  try {
    throw static_cast<Other*>(&both);
  } catch (const Other* other) {
    note(other->other());
  }
  try {
    throw static_cast<Base*>(&both);
  } catch (Derived*) {
    note("wrong");
  } catch (Base* base) {
    note(base->name());
  }
}

void numbers() {
  try {
    throw 'c';
  } catch (int) {
    note("wrong");
  } catch (char c) {
    note(std::string(1, c));
  }
  try {
    throw 1234567890123456789LL;
  } catch (long long number) {
    note(std::to_string(number));
  }
  try {
    throw 0.5;
  } catch (float) {
    note("wrong");
  } catch (double number) {
    note(number == 0.5 ? "half" : "wrong");
  }
}

void first_that_fits() {
  try {
    throw std::out_of_range("range");
  } catch (const std::overflow_error&) {
    note("wrong");
  } catch (const std::logic_error&) {
    note("logic");
  } catch (const std::exception&) {
    note("too late");
  } catch (...) {
    note("wrong");
  }
}

void catch_all() {
  struct Local {};
  try {
    throw Local();
  } catch (const Base&) {
    note("wrong");
  } catch (...) {
    note("all");
  }
}

void of_the_library() {
  try {
    std::string().at(1);
  } catch (const std::out_of_range&) {
    note("out_of_range");
  }
  try {
    note(std::to_string(std::stoi("x")));
  } catch (const std::invalid_argument&) {
    note("invalid_argument");
  }
  Base base;
  Base& reference = base;
  try {
    note(dynamic_cast<Derived&>(reference).name());
  } catch (const std::bad_cast&) {
    note("bad_cast");
  }
  try {
    // Half of all addresses; volatile, or the compiler would do without.
    volatile std::size_t size = static_cast<std::size_t>(-1) / 2;
    char* volatile bytes = new char[size];
    note("wrong");
    delete[] bytes;
  } catch (const std::bad_alloc&) {
    note("bad_alloc");
  }
}

void many() {
  long caught = 0;
  for (int i = 0; i < 2000; ++i) {
    try {
      if (i % 2 == 0) throw i;
      throw std::to_string(i);
    } catch (int number) {
      caught += number;
    } catch (const std::string& text) {
      caught += std::stol(text);
    }
  }
  note(std::to_string(caught));
}

}  // namespace

const Case kCatching[] = {
    {"nested", nested},       {"nested_in_handler", nested_in_handler},
    {"rethrow", rethrow},     {"rethrow_changed", rethrow_changed},
    {"by_base", by_base},     {"by_second_base", by_second_base},
    {"by_value", by_value},   {"pointers", pointers},
    {"numbers", numbers},     {"first_that_fits", first_that_fits},
    {"catch_all", catch_all}, {"of_the_library", of_the_library},
    {"many", many},           {nullptr, nullptr},
};

}  // namespace cases
