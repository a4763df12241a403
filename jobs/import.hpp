// Features that another program computed, as a feature file.
#pragma once
#include <string>
#include <vector>

namespace fedorbit {

/// Array files (.npy) and text files of one import.
struct Import {
  std::string images;              // (N, d) floating
  std::string labels;              // (N) whole numbers from 0
  std::string classes;             // C names, a line each
  std::vector<std::string> texts;  // (T, C, d) or (C, d) floating each: sets named for their files
  std::string templates;           // T lines, the templates of the sets that have as many
  std::string domains;             // N lines, the domain of each image; empty: all are of one
};

/// Writes `output`, whole or not at all. Whatever does not fit together is an Error that names file and size.
void import_features(const Import& import, const std::string& output);

}  // namespace fedorbit
