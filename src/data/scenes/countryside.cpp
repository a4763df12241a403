// Farmland, forest, chaparral and desert.
#include "data/scenes/catalogue.hpp"

namespace fedorbit::scenes {
namespace {

/// One field: bare, sown in rows, or ripe.
void draw_field(Painter& p, Point low, Point high) {
  const Point centre = 0.5f * (low + high), half = 0.5f * (high - low);
  const Colour ripe = p.varied({0.72f, 0.62f, 0.36f}, 0.15f),
               lush = p.varied(mix(p.grass, {0.20f, 0.38f, 0.14f}, 0.5f), 0.25f);
  const float kind = p.between(0, 1);
  const Colour colour = kind < 0.3f ? p.varied(p.soil, 0.25f) : kind < 0.5f ? mix(ripe, p.grass, 0.4f) : lush;
  const Point rows = p.chance(0.5) ? Point{1, 0} : Point{0, 1};
  const float pitch = p.between(130, 330), depth = p.between(0.02, 0.13);
  const Noise patches = p.fresh_noise();
  const auto crop = [&](Point q) {
    return (1 + depth * std::sin(pitch * dot(q, rows)) + 0.25f * (patches.rough(q, 6, 2) - 0.5f)) * colour;
  };
  const bool pivot = p.chance(0.22) && half.x < 1.5f * half.y && half.y < 1.5f * half.x;
  if (!pivot) return p.canvas.paint_with(Box{centre, half - Point{0.006f, 0.006f}}, Cover::crops, crop);
  p.canvas.paint(Box{centre, half - Point{0.006f, 0.006f}}, Cover::bare_ground, p.varied(p.soil, 0.15f));
  p.canvas.paint_with(Disc{centre, std::min(half.x, half.y) * 0.96f}, Cover::crops, crop);
}

/// Splits a rectangle of land until the parts are as small as a field.
void divide(Painter& p, Point low, Point high, float largest) {
  const Point side = high - low;
  const float share = p.between(0.35, 0.65);
  if (std::max(side.x, side.y) < largest * p.between(0.8, 1.3)) return draw_field(p, low, high);
  if (side.x > side.y) {
    divide(p, low, {low.x + share * side.x, high.y}, largest);
    divide(p, {low.x + share * side.x, low.y}, high, largest);
  } else {
    divide(p, low, {high.x, low.y + share * side.y}, largest);
    divide(p, {low.x, low.y + share * side.y}, high, largest);
  }
}

}  // namespace

void draw_farmland(Painter& p) {
  p.canvas.ground(Cover::grass, [colour = mix(p.grass, p.soil, p.between(0.2, 0.9))](Point) { return colour; });
  divide(p, {-0.3f, -0.3f}, {1.3f, 1.3f}, p.between(0.28, 0.7));
  if (p.chance(0.4)) {
    const float at = p.between(0.2, 0.8);
    p.road({{-0.3f, at}, {1.3f, at}}, p.between(0.008, 0.016), mix(p.soil, p.concrete, 0.6f));
  }
  if (p.chance(0.25)) p.house({p.between(0.2, 0.8), p.between(0.2, 0.8)}, {0.035f, 0.025f}, {1, 0});
}

void draw_forest(Painter& p) {
  p.ground_of(Cover::trees, p.between(0.5, 0.8) * p.crown, 0.25f, 6);
  p.crown = p.between(0.9, 1.5) * p.crown;
  const float pitch = p.between(0.05, 0.11);
  const Noise gaps = p.fresh_noise();
  const float clearings = p.chance(0.5) ? p.between(0.28, 0.44) : 0;
  const Colour floor = mix(p.grass, p.soil, 0.4f);
  if (clearings > 0)
    p.canvas.paint(Region([&](Point q) { return 0.25f * (gaps.rough(q, 3, 2) - clearings); }), Cover::grass, floor);
  for (float y = -0.22f; y < 1.25f; y += pitch)
    for (float x = -0.22f; x < 1.25f; x += pitch) {
      const Point at{x + pitch * p.between(-0.4, 0.4), y + pitch * p.between(-0.4, 0.4)};
      if (gaps.rough(at, 3, 2) > clearings) p.tree(at, pitch * p.between(0.45, 0.75));
    }
}

void draw_chaparral(Painter& p) {
  const Colour earth = mix(p.soil, p.sand, p.between(0.2, 0.8));
  p.ground_of(Cover::bare_ground, earth, 0.12f, 5);
  const float pitch = p.between(0.05, 0.085), density = p.between(0.45, 0.85);
  const Noise groups = p.fresh_noise();
  p.crown = mix(0.8f * p.crown, earth, 0.2f);
  for (float y = -0.22f; y < 1.25f; y += pitch)
    for (float x = -0.22f; x < 1.25f; x += pitch) {
      const Point at{x + pitch * p.between(-0.5, 0.5), y + pitch * p.between(-0.5, 0.5)};
      if (p.chance(density * (0.4f + groups.smooth(at, 4)))) p.tree(at, p.between(0.008, 0.026));
    }
  if (p.chance(0.3))
    p.canvas.mark(Course(p.between(0.3, 0.7), 0.08f, 1.5f, p.between(0, 6), 16).band(0.008f), 1.2f * earth, 0.7f);
}

void draw_desert(Painter& p) {
  const Colour dune = mix(p.sand, p.soil, p.between(0, 0.6));
  const Noise bends = p.fresh_noise(), grain = p.fresh_noise();
  const float pitch = p.between(18, 45), bent = p.between(0.15, 0.45), depth = p.between(0.08, 0.2);
  p.canvas.ground(Cover::sand, [&](Point q) {
    // A dune rises gently and falls steeply: a skewed wave.
    const float phase = pitch * (q.y + bent * bends.rough(q, 2.2f, 3));
    const float wave = std::sin(phase + 0.6f * std::sin(phase));
    const float height = 0.4f + 0.6f * bends.smooth(q, 3);
    return (1 + depth * height * wave + 0.06f * (grain.smooth(q, 50) - 0.5f)) * dune;
  });
}

}  // namespace fedorbit::scenes
