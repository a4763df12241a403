// Runway, airplanes on their apron, freeway, intersection and overpass.
#include "data/scenes/catalogue.hpp"

namespace fedorbit::scenes {
namespace {

/// A straight road of two carriageways along the x axis of (centre, along), with its markings and cars.
void draw_carriageways(Painter& p, Point centre, Point along, int lanes, float lane, bool barrier, float cars) {
  const Point side = across(along);
  const float median = barrier ? 0.5f * lane : 0.12f * lane;
  const float radius = 0.5f * median + float(lanes) * lane + 0.35f * lane;
  p.road({centre - 1.1f * along, centre + 1.1f * along}, radius, p.asphalt);
  if (barrier)
    p.canvas.paint(Box{centre, {1.1f, 0.42f * median}, along}, Cover::grass, p.chance(0.5) ? p.grass : p.concrete);
  else
    p.canvas.mark(Box{centre, {1.1f, 0.004f}, along}, {0.85f, 0.72f, 0.25f}, 0.9f);
  for (float way : {-1.f, 1.f})
    for (int i = 0; i <= lanes; ++i) {
      const Point offset = way * (0.5f * median + float(i) * lane) * side;
      p.stripe({centre + offset - 1.1f * along, centre + offset + 1.1f * along}, 0.0035f,
               i == 0 || i == lanes ? 0 : 0.035f);
      if (i == lanes) continue;
      const Point middle = offset + way * 0.5f * lane * side;
      p.traffic(centre + middle - 1.1f * way * along, centre + middle + 1.1f * way * along, cars, 0.85f * lane);
    }
}

}  // namespace

void draw_runway(Painter& p) {
  p.open_ground();
  const float half = p.between(0.08, 0.17), y = p.between(0.38, 0.62);
  const bool end = p.chance(0.65);
  const float begin = end ? p.between(0.0, 0.25) : -0.4f;
  const Colour surface = mix(p.asphalt, p.concrete, p.chance(0.5) ? p.between(0, 0.3) : p.between(0.6, 0.9));
  if (p.chance(0.6)) {
    const float taxi = y + (p.chance(0.5) ? 1.f : -1.f) * (half + p.between(0.14, 0.24));
    p.road({{-0.4f, taxi}, {1.4f, taxi}}, 0.035f, surface);
    p.road({{p.between(0.3, 0.8), taxi}, {p.between(0.3, 0.8), y}}, 0.035f, surface);
    p.canvas.mark(Box{{0.5f, taxi}, {0.9f, 0.004f}}, {0.85f, 0.72f, 0.25f}, 0.8f);
  }
  p.canvas.paint_with(Box{{0.5f * (begin + 1.5f), y}, {0.5f * (1.5f - begin), half}}, Cover::pavement, [&](Point q) {
    return (0.92f + 0.16f * p.noise.rough({q.x, 4 * q.y}, 10, 2)) * surface;
  });
  for (float side : {-1.f, 1.f})
    p.canvas.mark(Box{{0.5f * (begin + 1.5f), y + 0.9f * side * half}, {0.5f * (1.5f - begin), 0.005f}}, p.line, 0.9f);
  float first = begin + 0.04f;
  if (end) {
    const int bars = p.whole(3, 4);
    for (float side : {-1.f, 1.f})
      for (int i = 0; i < bars; ++i)
        p.canvas.mark(
            Box{{begin + 0.11f, y + side * half * (0.2f + 0.6f * float(i) / float(bars - 1))}, {0.065f, 0.06f * half}},
            p.line, 0.95f);
    first = begin + 0.24f;
    for (float side : {-1.f, 1.f})
      p.canvas.mark(Box{{begin + 0.5f, y + side * 0.4f * half}, {0.05f, 0.12f * half}}, p.line, 0.95f);
  }
  for (float x = first; x < 1.4f; x += 0.15f) p.canvas.mark(Box{{x + 0.04f, y}, {0.045f, 0.006f}}, p.line, 0.95f);
  const Colour rubber{0.12f, 0.12f, 0.12f};
  p.canvas.mark(Box{{begin + 0.5f, y}, {0.2f, 0.3f * half}, {1, 0}, 0.02f}, rubber, p.between(0.05, 0.35));
  if (p.chance(0.15)) p.airplane({p.between(0.4, 0.8), y}, {1, 0}, 1.7f * half);
}

void draw_airplane(Painter& p) {
  p.ground_of(Cover::pavement, p.chance(0.75) ? p.concrete : p.asphalt, 0.06f, 6);
  const float slab = p.between(0.09, 0.16);
  for (float at = -0.25f; at < 1.3f; at += slab) {
    p.canvas.mark(Box{{at, 0.5f}, {0.0025f, 0.9f}}, {0.3f, 0.3f, 0.3f}, 0.25f);
    p.canvas.mark(Box{{0.5f, at}, {0.9f, 0.0025f}}, {0.3f, 0.3f, 0.3f}, 0.25f);
  }
  if (p.chance(0.5)) p.canvas.paint(Box{{0.5f, 1.2f}, {0.9f, 0.25f}}, Cover::grass, p.grass);
  if (p.chance(0.5)) p.block({0.5f, -0.12f}, {0.9f, p.between(0.1, 0.2)}, {1, 0}, 1.4f);
  const float span = p.between(0.28, 0.62);
  p.canvas.mark(Box{{0.5f, 0.88f}, {0.9f, 0.005f}}, {0.85f, 0.72f, 0.25f}, 0.9f);
  const bool row = p.chance(0.65);
  if (row)
    for (float x = 0.5f - 1.2f * span; x < 1.2f; x += 1.2f * span) {
      p.canvas.mark(Path{{{x, 0.88f}, {x, 0.4f}}, 0.004f}, {0.85f, 0.72f, 0.25f}, 0.9f);
      if (p.chance(0.85) || std::abs(x - 0.5f) < 0.1f)
        p.airplane({x, p.between(0.44, 0.52)}, direction(1.5708f + p.between(-0.12, 0.12)), span * p.between(0.85, 1));
    }
  else
    p.airplane({p.between(0.42, 0.58), p.between(0.42, 0.58)}, direction(p.between(0, 6.2832)), span * 1.25f);
  for (int i = p.whole(1, 6); i > 0; --i)
    p.car({p.between(0, 1), p.between(0.05, 0.95)}, direction(p.between(0, 6)), 0.03f);
}

void draw_freeway(Painter& p) {
  p.open_ground();
  p.scattered_trees(p.whole(0, 70), p.between(0.015, 0.035));
  const int lanes = p.whole(2, 4);
  const float lane = p.between(0.042, 0.062), cars = p.between(0.16, 0.6);
  if (p.chance(0.45)) {  // a slip road comes alongside
    const float side = p.chance(0.5) ? 1.f : -1.f;
    p.road({{-0.3f, 0.5f + side * 0.62f},
            {0.15f, 0.5f + side * 0.42f},
            {0.6f, 0.5f + side * 0.25f},
            {1.3f, 0.5f + side * 0.2f}},
           0.03f, p.asphalt);
  }
  draw_carriageways(p, {0.5f, p.between(0.42, 0.58)}, {1, 0}, lanes, lane, p.chance(0.75), cars);
}

void draw_intersection(Painter& p) {
  p.open_ground();
  const float lane = p.between(0.055, 0.08), half = lane * float(p.whole(1, 2)) + 0.02f, cars = p.between(0.2, 0.45);
  const Colour pavement = mix(p.concrete, p.soil, 0.15f);
  const Point c{p.between(0.44, 0.56), p.between(0.44, 0.56)};
  for (float sx : {-1.f, 1.f})
    for (float sy : {-1.f, 1.f}) {
      const Point corner{c.x + sx * (half + 0.3f), c.y + sy * (half + 0.3f)};
      if (p.chance(0.3)) p.canvas.paint(Box{corner, {0.27f, 0.27f}}, Cover::pavement, p.varied(pavement, 0.15f));
      if (p.chance(0.75))
        p.block(corner, {p.between(0.13, 0.23), p.between(0.13, 0.23)}, {1, 0}, p.between(0.7, 1.6));
      else
        for (int i = 0; i < 5; ++i)
          p.tree(corner + Point{p.between(-0.2, 0.2), p.between(-0.2, 0.2)}, p.between(0.02, 0.045));
    }
  p.canvas.paint(Box{c, {1.1f, half + 0.025f}}, Cover::pavement, pavement);
  p.canvas.paint(Box{c, {half + 0.025f, 1.1f}}, Cover::pavement, pavement);
  p.road({{c.x, c.y - 1}, {c.x, c.y + 1}}, half, p.asphalt);
  p.road({{c.x - 1, c.y}, {c.x + 1, c.y}}, half, p.asphalt);
  const bool zebra = p.chance(0.75);
  for (Point along : {Point{1, 0}, Point{0, 1}, Point{-1, 0}, Point{0, -1}}) {
    const Point side = across(along);
    const auto at = [&](float forward, float aside) { return c + forward * along + aside * side; };
    p.canvas.mark(Path{{at(half + 0.1f, 0), at(1, 0)}, 0.004f}, {0.88f, 0.75f, 0.3f}, 0.9f);
    p.canvas.mark(Path{{at(half + 0.09f, 0), at(half + 0.09f, half)}, 0.006f}, p.line, 0.9f);
    for (float x = -half + 0.015f; zebra && x < half; x += 0.03f)
      p.canvas.mark(Path{{at(half + 0.02f, x), at(half + 0.065f, x)}, 0.006f}, p.line, 0.9f);
    p.traffic(at(1, 0.5f * half), at(half + 0.13f, 0.5f * half), cars, 0.8f * lane);
    p.traffic(at(half + 0.13f, -0.5f * half), at(1, -0.5f * half), 1.5f * cars, 0.8f * lane);
  }
}

void draw_overpass(Painter& p) {
  p.open_ground();
  p.scattered_trees(p.whole(0, 60), p.between(0.015, 0.035));
  const float lane = p.between(0.036, 0.052), tilt = p.between(-0.5, 0.5);
  const Point c{0.5f, 0.5f}, along = direction(1.5708f + tilt), side = across(along);
  draw_carriageways(p, c, {1, 0}, p.whole(2, 3), lane, p.chance(0.6), p.between(0.2, 0.5));
  if (p.chance(0.5))  // a loop that joins the two roads
    p.canvas.paint(
        Region([centre = c + Point{0.3f, 0.3f}](Point q) { return std::abs(length(q - centre) - 0.2f) - 0.022f; }),
        Cover::pavement, p.asphalt);
  const float half = lane * float(p.whole(1, 2)) * 2 + 0.015f;
  const Box deck{c, {1.1f, half}, along};
  p.canvas.shadow(deck, 0.9f * p.sun, 0.6f);
  const Colour surface = mix(p.asphalt, p.concrete, p.between(0.3, 0.8));
  p.canvas.paint(deck, Cover::pavement, 1.15f * surface);
  p.canvas.paint(Box{c, {1.1f, half - 0.012f}, along}, Cover::pavement, surface);
  p.canvas.mark(Box{c, {1.1f, 0.005f}, along}, {0.85f, 0.72f, 0.25f}, 0.9f);
  for (float way : {-1.f, 1.f})
    p.traffic(c + 0.5f * way * half * side - 1.1f * way * along, c + 0.5f * way * half * side + 1.1f * way * along,
              p.between(0.25, 0.6), 0.85f * lane);
}

}  // namespace fedorbit::scenes
