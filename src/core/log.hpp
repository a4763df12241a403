// The program's log, behind a header that does not show its library (spdlog's fmt and LibTorch's cannot meet in one
// source).
#pragma once
#include <filesystem>
#include <string>

#include "core/error.hpp"

namespace fedorbit::log {

enum class Level { quiet, normal, verbose };

/// Where messages go: standard error at `level`, and everything to `file` unless it is empty. Only the root logs, so
/// other ranks start with `quiet` and no file.
void start(Level level, const std::filesystem::path& file = {});

void write_info(const std::string& message);
void write_detail(const std::string& message);
void write_warning(const std::string& message);

template <class... Parts>
void info(const Parts&... parts) {
  write_info(text(parts...));
}
/// Shown with -v only.
template <class... Parts>
void detail(const Parts&... parts) {
  write_detail(text(parts...));
}
template <class... Parts>
void warning(const Parts&... parts) {
  write_warning(text(parts...));
}

}  // namespace fedorbit::log
