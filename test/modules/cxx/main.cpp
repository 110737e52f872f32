// The exports: run a case by its name, read what it noted.
#include <cstring>

#include "cases.hpp"

namespace cases {
namespace {

// Made by a constructor that runs before the first case.
std::string trace = "not empty";

}  // namespace

void note(const std::string& word) {
  if (!trace.empty()) trace += ' ';
  trace += word;
}

}  // namespace cases

// 1, or 0 if there is no such case. What the case throws goes through.
EXPORT(run) int run(const char* name) {
  using namespace cases;
  trace.clear();
  for (const Case* list : {kCatching, kUnwinding, kPassing}) {
    for (; list->name != nullptr; ++list) {
      if (std::strcmp(list->name, name) != 0) continue;
      list->run();
      return 1;
    }
  }
  return 0;
}

EXPORT(trace) const char* trace_text() { return cases::trace.c_str(); }
