// The sensor domains of synthetic scenes: what season and air the ground is seen in, and what the instrument makes of
// it.
#pragma once
#include <string>
#include <vector>

#include "core/keys.hpp"
#include "data/scenes/canvas.hpp"

namespace fedorbit::scenes {

struct Sensor {
  std::string name;
  float green_low, green_high;  // how green plants are: 0 is straw, 1 is lush
  float autumn = 0, snow = 0;   // shares of leaves that turned, of ground that is white
  float haze = 0;               // share of the light that is air
  float blur = 0;               // standard deviation in pixels of a 64-pixel scene
  float noise = 0.01f;          // standard deviation, 1 is white
  float saturation = 1;
  float shadow = 0.045f;  // length of a house's shadow in units of the scene
  Colour tint{1, 1, 1};
  enum class Spectrum { colour, infrared, grey } spectrum = Spectrum::colour;
};

/// All sensors. Append only: a sensor's place is in the keys of its scenes.
const std::vector<Sensor>& sensors();

/// What the sensor delivers of the canvas: (size, size, 3) bytes.
std::vector<std::uint8_t> developed(Canvas& canvas, const Sensor& sensor, Stream& random);

}  // namespace fedorbit::scenes
