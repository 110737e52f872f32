// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "output_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace hb::beamr {
namespace {

class File {
 public:
  explicit File(int descriptor) noexcept : descriptor_(descriptor) {}
  ~File() { close(); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  explicit operator bool() const noexcept { return descriptor_ >= 0; }
  int get() const noexcept { return descriptor_; }
  bool close() noexcept {
    const int descriptor = std::exchange(descriptor_, -1);
    return descriptor < 0 || ::close(descriptor) == 0;
  }

 private:
  int descriptor_;
};

Failure failed(const char* what, const std::string& path) {
  return {ExitCode::kFile,
          std::string("cannot ") + what + " " + path + ": " + std::strerror(errno)};
}

bool write_all(int descriptor, std::span<const std::uint8_t> bytes) noexcept {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Outcome<std::vector<std::uint8_t>> read_file(const std::string& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return failed("read", path);
  std::vector<std::uint8_t> bytes;
  constexpr std::size_t kPiece = std::size_t{1} << 20;
  for (std::size_t size = 0;;) {
    bytes.resize(size + kPiece);
    const ssize_t got = ::read(file.get(), bytes.data() + size, kPiece);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("read", path);
    size += static_cast<std::size_t>(got);
    bytes.resize(size);
    if (got == 0) return bytes;
  }
}

std::optional<Failure> write_file(const std::string& path, std::span<const std::uint8_t> bytes) {
  const std::string folder = folder_of(path);
  // Without a name first: nothing is left of it if this process is killed.
  File file(::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666));
  std::string unfinished = path + "." + std::to_string(::getpid()) + ".unfinished";
  const bool is_nameless = static_cast<bool>(file);
  File named(
      is_nameless ? -1 : ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  File& out = is_nameless ? file : named;
  if (!out) return failed("write", path);

  bool is_written = write_all(out.get(), bytes) && ::fsync(out.get()) == 0;
  if (is_written && is_nameless) {
    const std::string self = "/proc/self/fd/" + std::to_string(out.get());
    ::unlink(unfinished.c_str());
    is_written =
        ::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, unfinished.c_str(), AT_SYMLINK_FOLLOW) == 0;
  }
  if (is_written && out.close() && ::rename(unfinished.c_str(), path.c_str()) == 0) {
    return std::nullopt;
  }
  const Failure failure = failed("write", path);
  ::unlink(unfinished.c_str());
  return failure;
}

}  // namespace hb::beamr
