// An exam that is taken after the last round alone: it takes long.
#pragma once
#include <memory>

#include "evaluation/exam.hpp"

namespace fedorbit {

class LastExam final : public Exam {
 public:
  LastExam(std::unique_ptr<Exam> exam, std::int64_t rounds) : exam_(std::move(exam)), rounds_(rounds) {}
  std::vector<Score> take(const Server& server, Clients& clients) override {
    return server.round == rounds_ ? exam_->take(server, clients) : std::vector<Score>();
  }

 private:
  std::unique_ptr<Exam> exam_;
  std::int64_t rounds_;
};

}  // namespace fedorbit
