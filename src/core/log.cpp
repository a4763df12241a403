#include "core/log.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace fedorbit::log {
namespace {

/// The mark of a warning, which other messages do without.
class Mark final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& line) override {
    constexpr std::string_view warning = "warning: ";
    if (message.level == spdlog::level::warn) line.append(warning.data(), warning.data() + warning.size());
  }
  std::unique_ptr<spdlog::custom_flag_formatter> clone() const override { return std::make_unique<Mark>(); }
};

template <class Sink>
std::shared_ptr<Sink> with_pattern(std::shared_ptr<Sink> sink, const char* pattern) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<Mark>('*').set_pattern(pattern);
  sink->set_formatter(std::move(formatter));
  return sink;
}

auto terminal_sink() { return with_pattern(std::make_shared<spdlog::sinks::stderr_sink_mt>(), "%*%v"); }

std::shared_ptr<spdlog::logger>& logger() {
  static auto instance = std::make_shared<spdlog::logger>("fedorbit", terminal_sink());
  return instance;
}

}  // namespace

void start(Level level, const std::filesystem::path& file) {
  auto terminal = terminal_sink();
  terminal->set_level(level == Level::quiet    ? spdlog::level::warn
                      : level == Level::normal ? spdlog::level::info
                                               : spdlog::level::debug);
  auto fresh = std::make_shared<spdlog::logger>("fedorbit", terminal);
  if (!file.empty()) {
    try {
      fresh->sinks().push_back(
          with_pattern(std::make_shared<spdlog::sinks::basic_file_sink_mt>(file.string()), "%Y-%m-%d %H:%M:%S %*%v"));
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
void write_warning(const std::string& message) { logger()->warn(message); }

}  // namespace fedorbit::log
