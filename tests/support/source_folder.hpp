// Where the project lies: golden files, configurations, and real images beside it.
#pragma once
#include <filesystem>

namespace fedorbit {

/// FEDORBIT_SOURCE of the environment, or the folder that the tests were built from.
std::filesystem::path source_folder();

}  // namespace fedorbit
