// Dense and sparse residential areas, large buildings, parking lots and storage tanks.
#include "data/scenes/catalogue.hpp"

namespace fedorbit::scenes {

void draw_dense_residential(Painter& p) {
  p.canvas.ground(Cover::grass, [&, yard = mix(p.grass, p.soil, p.between(0.1, 0.6))](Point q) {
    return (0.85f + 0.3f * p.noise.rough(q, 20, 2)) * yard;
  });
  const float street = p.between(0.018, 0.03), pitch = p.between(0.3, 0.42), plot = p.between(0.095, 0.14);
  const float first = p.between(-0.3, 0);
  const Colour surface = mix(p.asphalt, p.concrete, p.between(0, 0.4));
  if (p.chance(0.6)) p.road({{p.between(0.1, 0.9), -0.3f}, {p.between(0.1, 0.9), 1.3f}}, street, surface);
  for (float y = first; y < 1.35f; y += pitch) {
    p.road({{-0.3f, y}, {1.3f, y}}, street, surface);
    for (float side : {-1.f, 1.f})
      for (float x = p.between(-0.3, -0.2); x < 1.3f; x += plot * p.between(0.95, 1.12)) {
        const Point at{x, y + side * (0.25f * pitch + 0.3f * street)};
        const Point half{0.43f * plot * p.between(0.8, 1), 0.165f * pitch * p.between(0.75, 1.05)};
        p.canvas.paint(Box{{x + 0.25f * plot, y + side * (street + 0.04f)}, {0.012f, 0.04f}}, Cover::pavement,
                       p.concrete);
        p.house(at, half, {1, 0});
        if (p.chance(0.3)) p.house(at + Point{0.2f * plot, -side * 0.1f * pitch}, {0.2f * plot, 0.09f * pitch}, {0, 1});
        if (p.chance(0.4))
          p.tree({x + plot * p.between(-0.5, 0.5), y + side * p.between(0.4, 0.5) * pitch}, p.between(0.012, 0.024));
      }
    p.traffic({-0.2f, y + 0.45f * street}, {1.2f, y + 0.45f * street}, 0.28f, 0.036f);
  }
}

void draw_sparse_residential(Painter& p) {
  p.open_ground();
  const float lane = p.between(0.12, 0.3);
  p.road(Course(lane, 0.03f, 1.3f, p.between(0, 6), 16).points(), 0.02f, mix(p.asphalt, p.soil, p.between(0, 0.7)));
  p.scattered_trees(p.whole(20, 110), p.between(0.02, 0.045));
  const int houses = p.whole(1, 3);
  for (int i = 0; i < houses; ++i) {
    const Point at{(float(i) + 0.5f + p.between(-0.2, 0.2)) / float(houses), p.between(0.48, 0.75)};
    const Point along = direction(p.between(-0.4, 0.4));
    const float size = p.between(0.06, 0.095);
    p.canvas.paint(Path{{at, {at.x + 0.05f, 0.5f * (at.y + lane)}, {at.x + p.between(-0.1, 0.1), lane}}, 0.011f},
                   Cover::pavement, mix(p.concrete, p.soil, 0.3f));
    p.house(at, {size, 0.6f * size}, along);
    if (p.chance(0.6))
      p.house(at + 0.7f * size * along + 0.5f * size * across(along), {0.55f * size, 0.4f * size}, across(along));
    if (p.chance(0.35))
      p.canvas.paint(Box{at + 1.5f * size * across(along), {0.03f, 0.018f}, along, 0.012f}, Cover::water,
                     {0.30f, 0.62f, 0.72f});
    if (p.chance(0.6)) p.car({at.x + 0.05f, 0.55f * at.y + 0.45f * lane}, {0.2f, -0.98f}, 0.04f);
  }
}

void draw_buildings(Painter& p) {
  p.ground_of(Cover::pavement, p.chance(0.6) ? p.asphalt : p.concrete, 0.08f, 8);
  const float pitch = p.between(0.42, 0.75), gap = p.between(0.05, 0.11), start = p.between(-0.4, -0.2);
  for (float y = start; y < 1.3f; y += pitch)
    for (float x = start; x < 1.3f; x += pitch) {
      const Point centre{x + 0.5f * pitch, y + 0.5f * pitch};
      const float half = 0.5f * pitch - gap, height = p.between(0.8, 2.6);
      if (p.chance(0.12)) {
        p.canvas.paint(Box{centre, {half, half}}, Cover::grass, p.grass);
        for (int i = 0; i < 6; ++i) p.tree(centre + half * Point{p.between(-0.8, 0.8), p.between(-0.8, 0.8)}, 0.03f);
      } else if (p.chance(0.35)) {
        p.block(centre - Point{0.5f * half, 0}, {0.45f * half, half}, {1, 0}, height);
        p.block(centre + Point{0.5f * half, 0.3f * half}, {0.45f * half, 0.65f * half}, {1, 0}, p.between(0.8, 2.6));
      } else {
        p.block(centre, {half * p.between(0.75, 1), half * p.between(0.7, 1)}, {1, 0}, height);
      }
    }
  for (float at = start; at < 1.3f; at += pitch) {
    p.traffic({-0.2f, at + 0.02f}, {1.2f, at + 0.02f}, 0.22f, 0.036f);
    if (p.chance(0.6)) p.stripe({{-0.3f, at}, {1.3f, at}}, 0.003f, 0.03f);
  }
}

void draw_parking_lot(Painter& p) {
  const Colour surface = p.chance(0.75) ? p.asphalt : p.concrete;
  p.ground_of(Cover::pavement, surface, 0.07f, 7);
  const float car = p.between(0.055, 0.085), stall = 0.62f * car, full = p.between(0.45, 0.97);
  const float row = 1.25f * car, aisle = car * p.between(1, 1.6), start = p.between(-0.35, -0.2);
  const bool islands = p.chance(0.5);
  for (float y = start; y < 1.3f; y += 2 * row + aisle) {
    p.stripe({{-0.3f, y + row}, {1.3f, y + row}}, 0.003f, 0);
    for (int side = 0; side < 2; ++side) {
      const float middle = y + row * (0.5f + float(side));
      int place = 0;
      for (float x = -0.25f; x < 1.25f; x += stall, ++place) {
        p.canvas.mark(Box{{x, middle}, {0.0022f, 0.5f * row}}, p.line, 0.8f);
        if (islands && place % 14 == 5) {
          p.canvas.paint(Box{{x + 0.5f * stall, middle}, {0.45f * stall, 0.45f * row}, {1, 0}, 0.3f * stall},
                         Cover::grass, p.grass);
          p.tree({x + 0.5f * stall, middle}, 0.5f * stall);
        } else if (p.chance(full)) {
          p.car({x + 0.5f * stall, middle + car * p.between(-0.06, 0.06)}, {0, p.chance(0.5) ? 1.f : -1.f},
                car * p.between(0.88, 1.05));
        }
      }
    }
  }
  if (p.chance(0.25)) p.block({p.between(-0.15, 0.05), 0.5f}, {0.2f, 0.9f}, {1, 0}, 1.5f);
}

void draw_storage_tanks(Painter& p) {
  if (p.chance(0.35))
    p.open_ground();
  else
    p.ground_of(Cover::bare_ground, p.chance(0.5) ? p.soil : 0.85f * p.concrete, 0.12f, 6);
  const float radius = p.between(0.075, 0.2), pitch = radius * p.between(2.35, 3.1), start = p.between(-0.3, 0);
  const Colour coat = p.chance(0.7) ? p.varied({0.88f, 0.88f, 0.86f}, 0.08f) : p.roof();
  const bool floating = p.chance(0.4), walls = p.chance(0.4);
  const float kept = p.between(0.7, 1);
  if (p.chance(0.6)) p.road({{start, -0.3f}, {start, 1.3f}}, 0.025f, p.asphalt);
  for (float y = start + 0.5f * pitch; y < 1.3f; y += pitch) {
    if (p.chance(0.5)) p.canvas.mark(Box{{0.5f, y + 0.5f * pitch}, {0.9f, 0.006f}}, {0.6f, 0.6f, 0.6f});
    for (float x = start + 0.5f * pitch; x < 1.3f; x += pitch) {
      if (!p.chance(kept)) continue;
      const Point at{x, y};
      const float r = radius * (p.chance(0.8) ? 1 : p.between(0.6, 0.95));
      if (walls) p.canvas.mark(Box{at, {0.48f * pitch, 0.48f * pitch}}, 0.8f * p.concrete, 0.5f);
      p.canvas.shadow(Path{{at, at + 1.1f * p.sun}, r}, {0, 0}, 0.6f);
      p.canvas.begin_object(Cover::tank);
      p.canvas.paint(Disc{at, r}, Cover::tank, 0.8f * coat);
      const Point light = -1 / length(p.sun) * p.sun;
      p.canvas.paint_with(Disc{at, 0.9f * r}, Cover::tank,
                          [&](Point q) { return (floating ? 0.72f : 1 + 0.14f * dot(q - at, light) / r) * coat; });
      // Inside a floating roof's rim the wall throws a crescent of shade.
      if (floating)
        p.canvas.mark(Region(
                          [&](Point q) {
                            return std::max(length(q - at) - 0.9f * r, 0.9f * r - length(q - at + 0.35f * r * light));
                          },
                          at - Point{r, r}, at + Point{r, r}),
                      0.35f * coat, 0.8f);
      else
        p.canvas.mark(Disc{at, 0.12f * r}, 0.6f * coat);
      p.canvas.end_object();
    }
  }
}

}  // namespace fedorbit::scenes
