// The parts of a STUDY.toml, read but not yet expanded.
#pragma once
#include <optional>

#include "core/toml.hpp"
#include "studies/study.hpp"

namespace fedorbit {

/// One axis with its values in the order of the file.
struct Axis {
  std::string name;
  std::vector<std::string> values;  // as TOML
};

struct StudyFile {
  std::string name, base, options;  // options: as TOML
  std::int64_t ranks = 1;
  std::vector<Axis> settings, repeats;
  std::vector<std::vector<Axis>> includes, excludes;
  std::vector<StudyStep> before;
};

/// `source` is the file's name in errors.
StudyFile parse_study(const std::string& text, const std::string& source);

}  // namespace fedorbit
