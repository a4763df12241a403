// Making a byte-pair vocabulary from captions (Sennrich et al. 2016, arXiv 1508.07909).
#pragma once
#include <cstdint>
#include <span>
#include <string>

namespace fedorbit {

/// At most `merges` merges, a line each as Tokenizer reads them, of the pairs that occur most often in the captions'
/// words; ties go to the pair that sorts first, so the result depends on the words alone. Ends early when no pair
/// occurs twice.
std::string train_merges(std::span<const std::string> captions, std::int64_t merges);

}  // namespace fedorbit
