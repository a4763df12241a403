// Points, colours and shapes of a scene. The scene is the square from (0, 0) to (1, 1); a shape knows its signed
// distance (negative inside, in units of the scene's side) and its bounds.
#pragma once
#include <algorithm>
#include <cmath>
#include <vector>

namespace fedorbit::scenes {

struct Point {
  float x = 0, y = 0;
};
inline Point operator+(Point a, Point b) { return {a.x + b.x, a.y + b.y}; }
inline Point operator-(Point a, Point b) { return {a.x - b.x, a.y - b.y}; }
inline Point operator*(float s, Point a) { return {s * a.x, s * a.y}; }
inline float dot(Point a, Point b) { return a.x * b.x + a.y * b.y; }
inline float length(Point a) { return std::sqrt(dot(a, a)); }
/// The unit vector at `angle` radians.
inline Point direction(float angle) { return {std::cos(angle), std::sin(angle)}; }
inline Point across(Point a) { return {-a.y, a.x}; }

/// Light of three channels, 1 is white.
struct Colour {
  float r = 0, g = 0, b = 0;
};
inline Colour operator+(Colour a, Colour b) { return {a.r + b.r, a.g + b.g, a.b + b.b}; }
inline Colour operator*(float s, Colour a) { return {s * a.r, s * a.g, s * a.b}; }
inline Colour mix(Colour a, Colour b, float share) { return (1 - share) * a + share * b; }

struct Disc {
  Point centre;
  float radius;
  float distance(Point p) const { return length(p - centre) - radius; }
  Point low() const { return {centre.x - radius, centre.y - radius}; }
  Point high() const { return {centre.x + radius, centre.y + radius}; }
};

/// A rectangle whose first half side points along the unit vector `along`; corners are rounded by `rounding`.
struct Box {
  Point centre, half, along{1, 0};
  float rounding = 0;
  float distance(Point p) const {
    const Point local{std::abs(dot(p - centre, along)) - half.x + rounding,
                      std::abs(dot(p - centre, across(along))) - half.y + rounding};
    return length({std::max(local.x, 0.f), std::max(local.y, 0.f)}) + std::min(std::max(local.x, local.y), 0.f) -
           rounding;
  }
  Point extent() const {
    return {std::abs(along.x) * half.x + std::abs(along.y) * half.y,
            std::abs(along.y) * half.x + std::abs(along.x) * half.y};
  }
  Point low() const { return centre - extent(); }
  Point high() const { return centre + extent(); }
};

/// The squared distance of p to the straight piece from `start` to `end`.
inline float gap(Point p, Point start, Point end) {
  const Point piece = end - start, from = p - start;
  const float share = std::clamp(dot(from, piece) / std::max(dot(piece, piece), 1e-12f), 0.f, 1.f);
  const Point away = from - share * piece;
  return dot(away, away);
}

/// All points within `radius` of a chain of straight pieces.
struct Path {
  std::vector<Point> points;
  float radius;
  float distance(Point p) const {
    float nearest = 1e9f;
    for (std::size_t i = 0; i + 1 < points.size(); ++i) nearest = std::min(nearest, gap(p, points[i], points[i + 1]));
    return std::sqrt(nearest) - radius;
  }
  Point low() const {
    Point corner{1e9f, 1e9f};
    for (Point p : points) corner = {std::min(corner.x, p.x - radius), std::min(corner.y, p.y - radius)};
    return corner;
  }
  Point high() const {
    Point corner{-1e9f, -1e9f};
    for (Point p : points) corner = {std::max(corner.x, p.x + radius), std::max(corner.y, p.y + radius)};
    return corner;
  }
};

/// A shape that was pushed aside.
template <class Shape>
struct Moved {
  const Shape& shape;
  Point offset;
  float distance(Point p) const { return shape.distance(p - offset); }
  Point low() const { return shape.low() + offset; }
  Point high() const { return shape.high() + offset; }
};

/// A region given by a function of the point that returns a signed distance; its bounds are given too.
template <class Function>
struct Region {
  Function function;
  Point from{-0.5f, -0.5f}, to{1.5f, 1.5f};
  float distance(Point p) const { return function(p); }
  Point low() const { return from; }
  Point high() const { return to; }
};
template <class Function>
Region(Function) -> Region<Function>;
template <class Function>
Region(Function, Point, Point) -> Region<Function>;

/// Whether a shape's distance never exceeds the true one, so that pixels that near need not be looked at.
template <class Shape>
inline constexpr bool is_exact = false;
template <>
inline constexpr bool is_exact<Disc> = true;
template <>
inline constexpr bool is_exact<Box> = true;
template <>
inline constexpr bool is_exact<Path> = true;
template <class Shape>
inline constexpr bool is_exact<Moved<Shape>> = is_exact<Shape>;

/// A smooth band through the scene from its left to its right around `height`, swaying by `sway` with `bends` half
/// waves. Its points are evenly spaced in x, so only pieces near a point are looked at.
class Course {
 public:
  Course(float height, float sway, float bends, float phase, int pieces) {
    for (int i = 0; i <= pieces; ++i) {
      const float x = from_ + reach_ * float(i) / float(pieces);
      const float wave =
          std::sin(bends * 3.1416f * x + phase) + 0.35f * std::sin(2.3f * bends * x * 3.1416f + 2 * phase);
      points_.push_back({x, height + sway * wave});
    }
  }
  const std::vector<Point>& points() const { return points_; }
  Point point(std::size_t i) const { return points_[i]; }
  /// All points within `radius` of it.
  auto band(float radius) const {
    const int pieces = int(points_.size()) - 1, near = int(1.2f * radius / reach_ * float(pieces)) + 1;
    return Region([this, radius, pieces, near](Point p) {
      const int middle = int((p.x - from_) / reach_ * float(pieces));
      float nearest = 1e9f;
      for (int i = std::max(0, middle - near); i < std::min(pieces, middle + near + 1); ++i)
        nearest = std::min(nearest, gap(p, points_[i], points_[i + 1]));
      return std::sqrt(nearest) - radius;
    });
  }

 private:
  static constexpr float from_ = -0.3f, reach_ = 1.6f;
  std::vector<Point> points_;
};

}  // namespace fedorbit::scenes
