// What is destroyed on the way to the handler, and in what order.
#include <memory>
#include <stdexcept>
#include <vector>

#include "cases.hpp"

namespace cases {
namespace {

void throw_now() { throw std::runtime_error("now"); }

void inner() {
  Noisy c("c");
  throw_now();
  Noisy never("never");
}

void destructors() {
  try {
    Noisy a("a");
    { Noisy gone("gone"); }
    Noisy b("b");
    inner();
  } catch (const std::exception& error) {
    note(error.what());
  }
}

void in_handler() {
  try {
    try {
      throw 1;
    } catch (int) {
      Noisy a("a");
      throw std::string("again");
    }
  } catch (const std::string& text) {
    note(text);
  }
}

// The thrown object itself: copies are the compiler's, its end comes after the handler's.
struct Payload {
  explicit Payload(int n) : n(n) {}
  Payload(const Payload& other) : n(other.n) {}
  ~Payload() { note("~" + std::to_string(n)); }
  int n;
};

void thrown_object() {
  try {
    throw Payload(1);
  } catch (const Payload& payload) {
    note("caught" + std::to_string(payload.n));
  }
  note("after");
  try {
    try {
      throw Payload(2);
    } catch (Payload&) {
      note("rethrown");
      throw;
    }
  } catch (const Payload&) {
    note("caught2");
  }
}

struct Member {
  explicit Member(std::string name, bool fails = false) : noisy(std::move(name)) {
    if (fails) throw std::runtime_error("member");
  }
  Noisy noisy;
};
struct Half : Member {
  Half() : Member("base"), one("one"), two("two", true), three("three") { note("wrong"); }
  ~Half() { note("wrong"); }
  Member one, two, three;
};

// What was made is destroyed, what was not is not.
void half_made() {
  try {
    Half half;
  } catch (const std::exception& error) {
    note(error.what());
  }
}

struct Counted {
  Counted() : number(++made) {
    if (number == 3) throw number;
    note("+" + std::to_string(number));
  }
  ~Counted() { note("-" + std::to_string(number)); }
  static int made;
  int number;
};
int Counted::made = 0;

void half_an_array() {
  Counted::made = 0;
  try {
    std::unique_ptr<Counted[]> five(new Counted[5]);
  } catch (int number) {
    note("at" + std::to_string(number));
  }
}

struct Guarded {
  explicit Guarded(bool fails) try : member("guarded", fails) {
    note("made");
  } catch (const std::exception& error) {
    // It cannot be caught here, only noted: it goes on.
    note(std::string("seen:") + error.what());
  }
  Member member;
};

int function_try(bool fails) try {
  Noisy local("local");
  if (fails) throw_now();
  return 1;
} catch (const std::runtime_error&) {
  return 2;
}

void function_try_blocks() {
  try {
    Guarded good(false);
    Guarded bad(true);
  } catch (const std::exception& error) {
    note(error.what());
  }
  note(std::to_string(function_try(false)) + std::to_string(function_try(true)));
}

// A function of its own: clang 14 goes wrong with exceptions of WebAssembly where a destructor
// catches itself.
[[gnu::noinline]] void throw_and_catch() {
  try {
    throw_now();
  } catch (const std::exception&) {
    note("inside");
  }
}

// A destructor that runs because of one exception throws and catches another.
struct Careful {
  ~Careful() {
    note("uncaught" + std::to_string(std::uncaught_exceptions()));
    throw_and_catch();
    note("uncaught" + std::to_string(std::uncaught_exceptions()));
  }
};

void throw_in_destructor() {
  try {
    Careful careful;
    throw 5;
  } catch (int number) {
    note(std::to_string(number) + "uncaught" + std::to_string(std::uncaught_exceptions()));
  }
}

// It may leave a destructor that says so, when nothing else is on its way.
struct Leaves {
  ~Leaves() noexcept(false) { throw std::string("left"); }
};

void out_of_a_destructor() {
  try {
    Noisy a("a");
    Leaves leaves;
    Noisy b("b");
  } catch (const std::string& text) {
    note(text);
  }
}

int deepest = 0;
int descend(int depth) {
  // So that each level has something to undo, and is not turned into a loop.
  std::string level = std::to_string(depth);
  if (depth == 0) throw level;
  struct Count {
    ~Count() { ++deepest; }
  } count;
  return descend(depth - 1) + static_cast<int>(level.size());
}

void deep() {
  deepest = 0;
  try {
    descend(500);
  } catch (const std::string& text) {
    note(text + "/" + std::to_string(deepest));
  }
}

struct Shape {
  virtual ~Shape() = default;
  virtual int area() = 0;
};
struct Square : Shape {
  int area() override {
    Noisy square("square");
    throw std::domain_error("virtual");
  }
};
struct Wrapper : Shape {
  explicit Wrapper(Shape& inner) : inner(inner) {}
  int area() override {
    Noisy wrapper("wrapper");
    return inner.area() + 1;
  }
  Shape& inner;
};

void virtual_calls() {
  Square square;
  Wrapper wrapper(square), outer(wrapper);
  Shape& shape = outer;
  try {
    note(std::to_string(shape.area()));
  } catch (const std::domain_error& error) {
    note(error.what());
  }
}

long add(int a, long b, double c) {
  Noisy noisy("add");
  if (a < 0) throw std::range_error("pointer");
  return a + b + static_cast<long>(c);
}

void function_pointers() {
  long (*volatile pointer)(int, long, double) = add;
  try {
    note(std::to_string(pointer(1, 2, 3.5)));
    note(std::to_string(pointer(-1, 2, 3.5)));
  } catch (const std::range_error& error) {
    note(error.what());
  }
}

// Values of each type come back through the calls that may throw.
template <typename T>
T half(T value) {
  if (value < 0) throw value;
  return value / 2;
}

void values() {
  Noisy noisy("values");
  int (*volatile i)(int) = half<int>;
  long long (*volatile l)(long long) = half<long long>;
  float (*volatile f)(float) = half<float>;
  double (*volatile d)(double) = half<double>;
  try {
    note(std::to_string(i(7)) + "," + std::to_string(l(1LL << 40)) + "," +
         std::to_string(static_cast<int>(f(9.0F) * 2)) + "," +
         std::to_string(static_cast<int>(d(5.0) * 2)));
    l(-5LL);
  } catch (long long value) {
    note(std::to_string(value));
  }
}

void containers() {
  try {
    std::vector<std::unique_ptr<Noisy>> all;
    for (int i = 0; i < 3; ++i) {
      all.push_back(std::make_unique<Noisy>("x"));
      if (i == 2) all.at(5);
    }
  } catch (const std::out_of_range&) {
    note("out");
  }
}

}  // namespace

const Case kUnwinding[] = {
    {"destructors", destructors},
    {"in_handler", in_handler},
    {"thrown_object", thrown_object},
    {"half_made", half_made},
    {"half_an_array", half_an_array},
    {"function_try_blocks", function_try_blocks},
    {"throw_in_destructor", throw_in_destructor},
    {"out_of_a_destructor", out_of_a_destructor},
    {"deep", deep},
    {"virtual_calls", virtual_calls},
    {"function_pointers", function_pointers},
    {"values", values},
    {"containers", containers},
    {nullptr, nullptr},
};

}  // namespace cases
