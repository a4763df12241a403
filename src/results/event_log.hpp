// Events of a run as lines of the log.
#pragma once
#include "core/log.hpp"
#include "federation/observer.hpp"

namespace fedorbit {

class EventLog final : public Observer {
 public:
  void happened(const EventRecord& event) override {
    if (event.kind != "resumed" && event.kind != "interrupted")
      log::warning("round ", event.round, ": ", event.message);
    else
      log::info("round ", event.round, ": ", event.message);
  }
};

}  // namespace fedorbit
