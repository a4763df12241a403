#include "core/log.hpp"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace fedorbit::log {
namespace {

std::shared_ptr<spdlog::logger>& logger() {
  static auto instance =
      std::make_shared<spdlog::logger>("fedorbit", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  return instance;
}

}  // namespace

void start(Level level, const std::filesystem::path& file) {
  auto terminal = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  terminal->set_pattern("%v");
  terminal->set_level(level == Level::quiet    ? spdlog::level::warn
                      : level == Level::normal ? spdlog::level::info
                                               : spdlog::level::debug);
  auto fresh = std::make_shared<spdlog::logger>("fedorbit", terminal);
  if (!file.empty()) {
    try {
      auto record = std::make_shared<spdlog::sinks::basic_file_sink_mt>(file.string());
      record->set_pattern("%Y-%m-%d %H:%M:%S %l %v");
      fresh->sinks().push_back(record);
    } catch (const spdlog::spdlog_ex& cause) {
      fail("the log ", file.string(), " cannot be written: ", cause.what(), ".");
    }
  }
  fresh->set_level(spdlog::level::debug);
  fresh->flush_on(spdlog::level::info);
  logger() = fresh;
}

void write_info(const std::string& message) { logger()->info(message); }
void write_detail(const std::string& message) { logger()->debug(message); }
void write_warning(const std::string& message) { logger()->warn("warning: {}", message); }

}  // namespace fedorbit::log
