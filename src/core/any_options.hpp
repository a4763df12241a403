// A struct of options whose type only its maker and its reader know: what holds it is not compiled anew when it
// changes.
#pragma once
#include <any>
#include <utility>

#include "core/options.hpp"

namespace fedorbit {

class AnyOptions {
 public:
  template <class Options>
  static AnyOptions of(Options options) {
    return {std::move(options), [](std::any& held, OptionList& v) { std::any_cast<Options&>(held).fields(v); }};
  }
  void fields(OptionList& v) { fields_(options_, v); }
  /// The struct, which must be of this type.
  template <class Options>
  const Options& as() const {
    return std::any_cast<const Options&>(options_);
  }

 private:
  AnyOptions(std::any options, void (*fields)(std::any&, OptionList&))
      : options_(std::move(options)), fields_(fields) {}

  std::any options_;
  void (*fields_)(std::any&, OptionList&);
};

}  // namespace fedorbit
