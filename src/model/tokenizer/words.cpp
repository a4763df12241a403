#define PCRE2_CODE_UNIT_WIDTH 8
#include "model/tokenizer/words.hpp"

#include <pcre2.h>

#include <memory>

#include "core/error.hpp"

namespace fedorbit {
namespace {

struct Free {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};

std::unique_ptr<pcre2_code, Free> compile() {
  // U+0345 is a mark whose capital is a letter; CLIP's own pattern, which ignores case, takes it for neither.
  const auto* pattern = reinterpret_cast<PCRE2_SPTR>(R"('s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}\x{345}]+)");
  int error = 0;
  PCRE2_SIZE where = 0;
  std::unique_ptr<pcre2_code, Free> code(
      pcre2_compile(pattern, PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_UCP | PCRE2_CASELESS, &error, &where, nullptr));
  require(code != nullptr, "the PCRE2 library refuses the tokenizer's pattern (error ", error,
          "): it must be built with Unicode support.");
  return code;
}

}  // namespace

std::vector<std::string_view> split_words(std::string_view text) {
  static const auto code = compile();
  const std::unique_ptr<pcre2_match_data, Free> match(pcre2_match_data_create(1, nullptr));
  std::vector<std::string_view> out;
  for (std::size_t at = 0; at < text.size();) {
    const int found =
        pcre2_match(code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), at, 0, match.get(), nullptr);
    if (found == PCRE2_ERROR_NOMATCH) break;
    require(found >= 0, "a text cannot be cut into words: it is not UTF-8 (PCRE2 error ", found, ").");
    const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(match.get());
    out.push_back(text.substr(bounds[0], bounds[1] - bounds[0]));
    at = bounds[1];
  }
  return out;
}

}  // namespace fedorbit
