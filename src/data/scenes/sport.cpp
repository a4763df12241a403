// Golf course, baseball diamond and tennis court.
#include "data/scenes/catalogue.hpp"

namespace fedorbit::scenes {

void draw_golf_course(Painter& p) {
  p.ground_of(Cover::grass, 0.85f * p.grass, 0.15f, 5);
  const Colour fairway = mix(1.22f * p.grass, {0.45f, 0.62f, 0.30f}, 0.3f),
               green = mix(1.3f * p.grass, {0.52f, 0.72f, 0.42f}, 0.55f);
  const float pitch = p.between(60, 120);
  const auto mown = [&](Point q) { return (1 + 0.05f * (std::sin(pitch * q.x) > 0 ? 1.f : -1.f)) * fairway; };
  const Course course(p.between(0.35, 0.65), p.between(0.08, 0.2), p.between(0.6, 1.3), p.between(0, 6.2832), 20);
  if (p.chance(0.3))
    p.canvas.paint(Blob{{p.between(0, 1), p.between(0.75, 1)}, p.between(0.12, 0.22), p.fresh_noise()}, Cover::water,
                   p.water);
  p.scattered_trees(p.whole(60, 170), p.between(0.022, 0.04));
  p.canvas.paint_with(course.band(p.between(0.09, 0.15)), Cover::grass, mown);
  for (int i = p.whole(1, 2); i > 0; --i) {
    const Point pin = course.point(std::size_t(p.whole(6, 14))) + Point{0, p.between(-0.06, 0.06)};
    p.canvas.paint(Blob{pin, p.between(0.1, 0.15), p.fresh_noise()}, Cover::grass, green);
    for (int bunkers = p.whole(2, 5); bunkers > 0; --bunkers) {
      const Point at = pin + p.between(0.13, 0.24) * direction(p.between(0, 6.2832));
      const Blob pit{at, p.between(0.035, 0.075), p.fresh_noise()};
      p.canvas.shadow(pit, -0.15f * p.sun, 0.3f);
      p.canvas.paint(pit, Cover::sand, p.sand);
    }
  }
  if (p.chance(0.5))
    p.canvas.mark(Course(p.between(0.1, 0.9), 0.1f, 1.2f, p.between(0, 6), 20).band(0.006f), p.concrete, 0.9f);
}

void draw_baseball_diamond(Painter& p) {
  p.ground_of(Cover::grass, p.grass, 0.12f, 6);
  const Colour dirt = mix(p.varied({0.66f, 0.47f, 0.33f}, 0.15f), p.soil, p.between(0, 0.4));
  const float side = p.between(0.26, 0.4);
  const Point home{0.5f + p.between(-0.05, 0.05), p.between(0.82, 0.95)};
  const Point first = direction(-0.7854f), third = direction(-2.3562f);  // from home towards the bases
  const Point mound = home + 0.5f * side * (first + third);
  const float reach = side * p.between(2, 2.3);
  p.canvas.mark(Region([&](Point q) {  // the outfield's warning track
                  const Point from = q - home;
                  return std::max(std::abs(length(from) - reach) - 0.025f,
                                  -std::min(dot(from, first), dot(from, third)));
                }),
                dirt, 0.9f);
  const auto infield = [&](Point q) {  // within the skin's arc and between the foul lines
    const Point from = q - home;
    return std::max(length(q - mound) - 0.98f * side, -0.06f * side - std::min(dot(from, first), dot(from, third)));
  };
  p.canvas.paint_with(Region(infield), Cover::bare_ground,
                      [&](Point q) { return (0.92f + 0.16f * p.noise.rough(q, 12, 2)) * dirt; });
  if (p.chance(0.75))
    p.canvas.paint(Box{mound, {0.42f * side, 0.42f * side}, first, 0.05f}, Cover::grass, 1.06f * p.grass);
  p.canvas.paint(Disc{mound, 0.1f * side}, Cover::bare_ground, dirt);
  p.canvas.paint(Disc{home, 0.17f * side}, Cover::bare_ground, dirt);
  for (Point line : {first, third}) p.canvas.mark(Path{{home, home + reach * line}, 0.004f}, p.line, 0.95f);
  for (Point base : {home, home + side * first, home + side * (first + third), home + side * third})
    p.canvas.mark(Box{base, {0.011f, 0.011f}, first}, {1, 1, 1});
  if (p.chance(0.5)) p.road({{-0.3f, 1.08f}, {1.3f, 1.08f}}, 0.05f, p.asphalt);
  for (int i = p.whole(0, 25); i > 0; --i) {
    const Point at = home + (reach + p.between(0.08, 0.3)) * direction(p.between(-3, -0.14));
    p.tree(at, p.between(0.02, 0.04));
  }
}

void draw_tennis_court(Painter& p) {
  p.open_ground();
  p.scattered_trees(p.whole(0, 90), p.between(0.02, 0.045));
  const Colour courts[] = {{0.20f, 0.42f, 0.33f}, {0.22f, 0.36f, 0.58f}, {0.62f, 0.36f, 0.27f}, {0.42f, 0.50f, 0.42f}};
  const Colour play = p.varied(courts[p.random.below(4)], 0.15f);
  const Colour around = p.chance(0.6) ? p.varied(courts[p.random.below(4)], 0.2f) : mix(play, p.asphalt, 0.5f);
  const int columns = p.whole(1, 3), rows = columns > 1 && p.chance(0.4) ? 2 : 1;
  // A doubles court is 23.77 by 10.97 metres; metre says how much of the scene that is.
  const float metre = std::min(0.9f / (17.f * float(columns)), 0.9f / (34.f * float(rows))) * p.between(0.85, 1.15);
  const Point c{0.5f + p.between(-0.05, 0.05), 0.5f + p.between(-0.05, 0.05)};
  p.canvas.shadow(Box{c, {8.5f * metre * float(columns), 17 * metre * float(rows)}}, 0.3f * p.sun, 0.3f);
  p.canvas.paint(Box{c, {8.5f * metre * float(columns), 17 * metre * float(rows)}}, Cover::pavement, around);
  const float thin = std::max(0.0035f, 0.08f * metre);
  for (int row = 0; row < rows; ++row)
    for (int column = 0; column < columns; ++column) {
      const Point at{c.x + 17 * metre * (float(column) - 0.5f * float(columns - 1)),
                     c.y + 34 * metre * (float(row) - 0.5f * float(rows - 1))};
      const auto spot = [&](float x, float y) { return at + metre * Point{x, y}; };
      p.canvas.begin_object(Cover::court);
      p.canvas.paint(Box{at, {5.485f * metre, 11.885f * metre}}, Cover::court, play);
      p.canvas.end_object();
      for (float end : {-1.f, 1.f}) {
        p.stripe({spot(-5.485f, end * 11.885f), spot(5.485f, end * 11.885f)}, thin, 0);
        p.stripe({spot(end * 5.485f, -11.885f), spot(end * 5.485f, 11.885f)}, thin, 0);
        p.stripe({spot(end * 4.115f, -11.885f), spot(end * 4.115f, 11.885f)}, thin, 0);
        p.stripe({spot(-4.115f, end * 6.4f), spot(4.115f, end * 6.4f)}, thin, 0);
      }
      p.stripe({spot(0, -6.4f), spot(0, 6.4f)}, thin, 0);
      p.canvas.mark(Box{at, {6.2f * metre, 0.8f * thin}}, {0.2f, 0.2f, 0.2f}, 0.8f);
    }
  if (p.chance(0.5)) p.road({{-0.3f, 0.02f}, {1.3f, 0.02f}}, 0.04f, p.asphalt);
}

}  // namespace fedorbit::scenes
