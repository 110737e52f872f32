// What the cases of the C++ program share: a trace of what happened, as text.
#pragma once

#include <string>

#define EXPORT(name) extern "C" __attribute__((export_name(#name)))

namespace cases {

// What the case that runs has done so far, one word after the other.
void note(const std::string& word);

// Notes its beginning and its end.
class Noisy {
 public:
  explicit Noisy(std::string name) : name_(std::move(name)) { note("+" + name_); }
  Noisy(const Noisy&) = delete;
  Noisy& operator=(const Noisy&) = delete;
  ~Noisy() { note("-" + name_); }

 private:
  std::string name_;
};

struct Case {
  const char* name;
  void (*run)();
};

// Each file has its list, which ends with an entry without a name.
extern const Case kCatching[];
extern const Case kUnwinding[];
extern const Case kPassing[];

}  // namespace cases
