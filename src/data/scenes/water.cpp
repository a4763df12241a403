// River, pond, beach and harbor.
#include "data/scenes/catalogue.hpp"

namespace fedorbit::scenes {
namespace {

/// Water with soft light and dark, and small waves.
auto rippled(const Noise& noise, Colour water, float depth) {
  return [&noise, water, depth](Point q) {
    return (1 + depth * (noise.rough(q, 5, 2) - 0.5f) + 0.3f * depth * (noise.smooth({q.x, 3 * q.y}, 28) - 0.5f)) *
           water;
  };
}

}  // namespace

void draw_river(Painter& p) {
  p.open_ground();
  const float radius = p.between(0.045, 0.12);
  const Course course(p.between(0.4, 0.6), p.between(0.07, 0.2), p.between(1, 2.2), p.between(0, 6.2832), 36);
  p.canvas.paint(course.band(radius + p.between(0.01, 0.05)), Cover::bare_ground,
                 mix(p.soil, p.sand, p.between(0, 0.8)));
  p.canvas.paint_with(course.band(radius), Cover::water, rippled(p.noise, p.water, 0.2f));
  for (int i = p.whole(0, 2); i > 0; --i) {
    const Point at = course.point(std::size_t(p.whole(9, 27)));
    p.canvas.paint(Blob{at + Point{0, radius * p.between(-0.8, 0.8)}, radius * p.between(0.3, 0.6), p.fresh_noise()},
                   Cover::sand, mix(p.sand, p.soil, 0.4f));
  }
  for (int i = p.whole(20, 130); i > 0; --i) {
    const Point bank = course.point(p.random.below(37));
    const float side = p.chance(0.5) ? 1.f : -1.f;
    p.tree(bank + Point{p.between(-0.03, 0.03), side * (radius + p.between(0.04, 0.35))}, p.between(0.012, 0.032));
  }
}

void draw_pond(Painter& p) {
  p.open_ground();
  const Point centre{p.between(0.4, 0.6), p.between(0.4, 0.6)};
  const Blob shape{centre, p.between(0.26, 0.42), p.fresh_noise()};
  const Blob shore{centre, shape.radius * p.between(1.03, 1.12), shape.noise};
  p.canvas.paint(shore, Cover::bare_ground, mix(p.soil, p.grass, p.between(0, 0.7)));
  p.canvas.paint_with(shape, Cover::water, rippled(p.noise, p.water, 0.15f));
  for (int i = p.whole(10, 90); i > 0; --i) {
    const Point at{p.between(-0.15, 1.15), p.between(-0.15, 1.15)};
    if (shape.distance(at) > 0.03f) p.tree(at, p.between(0.012, 0.035));
  }
  if (p.chance(0.3)) p.house({p.between(0.05, 0.2), p.between(0.05, 0.95)}, {0.04f, 0.03f}, direction(p.between(0, 3)));
}

void draw_beach(Painter& p) {
  p.open_ground();
  const float line = p.between(0.38, 0.62), width = p.between(0.1, 0.24), sway = p.between(0.05, 0.2);
  const Noise edge = p.fresh_noise();
  const auto shore = [&](Point q) { return q.y - line - sway * (edge.rough({q.x, 0.2f * q.y}, 2, 3) - 0.5f); };
  p.canvas.paint_with(Region([&](Point q) { return -shore(q) - width - 0.05f * (edge.smooth(q, 9) - 0.5f); }),
                      Cover::sand, [&](Point q) { return (0.93f + 0.14f * edge.rough(q, 12, 2)) * p.sand; });
  const Colour deep = p.water, shallow = mix(p.water, {0.45f, 0.68f, 0.66f}, p.between(0.25, 0.6));
  p.canvas.paint_with(Region([&](Point q) { return -shore(q); }), Cover::water, [&](Point q) {
    const float away = shore(q);
    const float swell = std::sin(95 * away + 5 * edge.smooth(q, 4)) * 0.04f;
    return (1 + swell) * mix(shallow, deep, std::min(1.f, 3.5f * away));
  });
  for (int i = p.whole(1, 3), k = 0; k < i; ++k) {
    const float at = 0.045f * float(k) + p.between(0, 0.02), thick = p.between(0.004, 0.014);
    p.canvas.mark(Region([&](Point q) {
                    return std::abs(shore(q) - at - 0.03f * (edge.smooth(q, 7 + 3 * float(k)) - 0.5f)) -
                           thick * (0.1f + 1.3f * edge.smooth(q, 11));
                  }),
                  {0.95f, 0.97f, 0.97f}, 0.9f);
  }
  for (int i = p.chance(0.6) ? p.whole(10, 50) : 0; i > 0; --i) {
    const Point at{p.between(-0.2, 1.2), p.between(-0.2, 0.6)};
    if (shore(at) < -width - 0.04f) p.tree(at, p.between(0.012, 0.03));
  }
}

void draw_harbor(Painter& p) {
  p.canvas.ground(Cover::water, rippled(p.noise, p.water, 0.15f));
  const float quay = p.between(-0.05, 0.16);
  p.canvas.paint(Box{{0.5f, quay - 0.5f}, {1, 0.5f}}, Cover::pavement, p.concrete);
  const float pitch = p.between(0.24, 0.4), ship_length = p.between(0.085, 0.16);
  const float spacing = ship_length * p.between(0.42, 0.6), full = p.between(0.55, 0.97), reach = p.between(0.75, 1.25);
  const float pier = p.between(0.008, 0.02);
  const Colour planks = p.chance(0.5) ? 0.9f * p.concrete : p.varied({0.55f, 0.46f, 0.36f}, 0.1f);
  for (float x = p.between(-0.3, -0.1); x < 1.3f; x += pitch) {
    const Box jetty{{x, quay + 0.5f * reach}, {pier, 0.5f * reach}};
    p.canvas.shadow(jetty, 0.2f * p.sun);
    p.canvas.paint(jetty, Cover::pavement, planks);
    for (float y = quay + 0.7f * ship_length; y < quay + reach; y += spacing)
      for (float side : {-1.f, 1.f})
        if (p.chance(full))
          p.ship({x + side * (pier + 0.53f * ship_length), y}, {p.chance(0.8) ? side : -side, 0},
                 ship_length * p.between(0.8, 1));
  }
  for (float x = -0.2f; x < 1.2f; x += 0.06f)
    if (quay > 0.08f && p.chance(0.5)) p.car({x, quay - 0.05f}, {0, 1}, 0.045f);
  if (p.chance(0.35)) p.ship({p.between(0.2, 0.8), quay + reach + 0.12f}, {1, 0}, p.between(0.15, 0.3));
}

}  // namespace fedorbit::scenes
