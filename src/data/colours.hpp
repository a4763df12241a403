// Views whose colours are disturbed, greyed and blurred, as what learns without labels sees its images.
#pragma once
#include <array>
#include <cstdint>

#include "core/keys.hpp"
#include "core/options.hpp"
#include "core/tensor.hpp"

namespace fedorbit {

struct ColourOptions {
  double jitter = 0, brightness = 0.4, contrast = 0.4, saturation = 0.4, hue = 0.1, greyscale = 0, blur = 0;
  void fields(OptionList& v) {
    v("jitter", jitter, "", "share of the views whose colours are disturbed by the four that follow, in a drawn order",
      0, 1);
    v("brightness", brightness, "", "the factor is drawn from 1 less this to 1 more", 0, 1);
    v("contrast", contrast, "", "the factor on what differs from the view's mean grey is drawn likewise", 0, 1);
    v("saturation", saturation, "", "the factor on what differs from a pixel's own grey is drawn likewise", 0, 1);
    v("hue", hue, "turns", "of the colour circle, at most, by which hues move either way", 0, 0.5);
    v("greyscale", greyscale, "", "share of the views that are grey", 0, 1);
    v("blur", blur, "",
      "share of the views that a Gaussian blurs whose standard deviation is drawn from 0.1 to 2 pixels of 224 in a "
      "side",
      0, 1);
  }
  bool any() const { return jitter > 0 || greyscale > 0 || blur > 0; }
};

/// What was drawn for one view.
struct Disturbance {
  enum Step { brightness, contrast, saturation, hue };
  bool jittered = false, grey = false;
  std::array<Step, 4> order{brightness, contrast, saturation, hue};
  std::array<double, 4> amount{1, 1, 1, 0};  // by Step: three factors, and turns
  double blur = 0;                           // standard deviation in pixels; 0: none

  /// Draws the same numbers whatever comes of them, so that one option changes nothing of the others.
  static Disturbance drawn(const ColourOptions& options, std::int64_t side, Stream& stream);
};

/// `view` (3, S, S) uint8 -> the same after jitter, grey and blur in this order, computed in float32 on [0, 1], clamped
/// after each factor and rounded once. Factors, hues and greys (0.2989 R + 0.587 G + 0.114 B) are torchvision's; the
/// Gaussian reaches three deviations, and mirrors at the edge.
Tensor disturbed(const Tensor& view, const Disturbance& drawn);

}  // namespace fedorbit
