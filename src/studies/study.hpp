// A study: which runs a STUDY.toml describes. Settings are what is compared, repeats are what is averaged over.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace fedorbit {

/// A value of an axis, as TOML and as a word for names.
struct Choice {
  std::string axis;   // an option ("partition.clients"), "ranks", or "method" (a configuration file)
  std::string value;  // as TOML
  std::string word;   // "clients=40", or the stem of a method's file
};

struct StudyRun {
  std::string name;  // of its folder: the words of its choices
  std::vector<Choice> settings, repeats;
  std::string configuration;  // all options, as TOML
  std::int64_t ranks = 1, threads = 1, rounds = 0;
};

/// What is done once before the runs: a command of the program, unless the file that it makes is there.
struct StudyStep {
  std::string command, makes;
  std::int64_t ranks = 1;
};

struct Study {
  std::string name, text;  // the file as it is
  std::vector<StudyStep> before;
  std::vector<StudyRun> runs;
};

/// Reads the file and expands it; nothing is started or written. An error names the file, and of what no run can have
/// (unknown axes, values out of range) all that is wrong. Paths of configurations count from the file's folder.
///
///   name = "clients"                      # default: the file's stem
///   base = "demo.toml"                    # a configuration; default: the program's defaults
///   ranks = 2                             # of each run, unless they are an axis
///   options = {training.rounds = 50}      # of all runs, over base and method
///   [settings]                            # axes: every combination, the last axis running fastest
///   method = ["fedrsclip.toml", "promptfl.toml"]
///   partition.clients = [10, 40]
///   [repeats]
///   seed = [1, 2, 3]
///   [[exclude]]                           # combinations that have all of these values
///   method = "promptfl.toml"
///   partition.clients = 40
///   [[include]]                           # a combination besides: axes that it does not name are as in the base
///   partition.clients = 1
///   [[before]]
///   command = "prepare UCMerced -o ucmerced.h5"
///   makes = "ucmerced.h5"
Study read_study(const std::filesystem::path& file);

}  // namespace fedorbit
