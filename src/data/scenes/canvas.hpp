// The sheet a scene is drawn on: shapes of the turned scene become antialiased pixels, covers and owners.
#pragma once
#include <cstdint>
#include <vector>

#include "data/scenes/geometry.hpp"
#include "data/scenes/scene.hpp"

namespace fedorbit::scenes {

class Canvas {
 public:
  /// `size` pixels per side of a scene turned by `angle` radians about its centre and seen at `zoom` (above 1: closer).
  Canvas(int size, float angle, float zoom)
      : size_(size),
        zoom_(zoom),
        turn_(direction(angle)),
        colours_(std::size_t(size) * size),
        cover_(colours_.size()),
        owner_(colours_.size()) {}

  /// Covers every pixel with `shade(point)`.
  template <class Shade>
  void ground(Cover cover, const Shade& shade) {
    for (int y = 0, i = 0; y < size_; ++y)
      for (int x = 0; x < size_; ++x, ++i) colours_[i] = shade(scene_point(x, y));
    std::fill(cover_.begin(), cover_.end(), std::uint8_t(cover));
  }

  /// Paints a shape with one colour or with `shade(point)`.
  template <class Shape>
  void paint(const Shape& shape, Cover cover, Colour colour) {
    paint_with(shape, cover, [&](Point) { return colour; });
  }
  template <class Shape, class Shade>
  void paint_with(const Shape& shape, Cover cover, const Shade& shade) {
    visit(shape, [&](std::size_t i, Point p, float share) {
      colours_[i] = mix(colours_[i], shade(p), share);
      if (share < 0.5f) return;
      cover_[i] = std::uint8_t(cover);
      owner_[i] = object_;
    });
  }
  /// Paints colour alone: lines, markings and shadows lie on what is there.
  template <class Shape>
  void mark(const Shape& shape, Colour colour, float strength = 1) {
    visit(shape, [&](std::size_t i, Point, float share) { colours_[i] = mix(colours_[i], colour, strength * share); });
  }
  /// The shape's shadow, thrown by `offset`.
  template <class Shape>
  void shadow(const Shape& shape, Point offset, float strength = 0.55f) {
    visit(Moved<Shape>{shape, offset},
          [&](std::size_t i, Point, float share) { colours_[i] = (1 - strength * share) * colours_[i]; });
  }

  /// All that is painted until end_object is one object.
  void begin_object(Cover kind) {
    kinds_.push_back(kind);
    object_ = std::uint16_t(kinds_.size());
  }
  void end_object() { object_ = 0; }

  int size() const { return size_; }
  /// The side of a pixel in units of the scene.
  float pixel() const { return 1 / (float(size_) * zoom_); }
  std::vector<Colour>& colours() { return colours_; }
  /// The scene without its picture: covers, owners and the objects that can be seen.
  Scene seen() const;

 private:
  Point scene_point(int x, int y) const {
    const Point p{((float(x) + 0.5f) / float(size_) - 0.5f) / zoom_, ((float(y) + 0.5f) / float(size_) - 0.5f) / zoom_};
    return {0.5f + p.x * turn_.x + p.y * turn_.y, 0.5f - p.x * turn_.y + p.y * turn_.x};
  }
  Point pixel_point(Point scene) const {
    const Point p{scene.x - 0.5f, scene.y - 0.5f};
    return {((p.x * turn_.x - p.y * turn_.y) * zoom_ + 0.5f) * float(size_),
            ((p.x * turn_.y + p.y * turn_.x) * zoom_ + 0.5f) * float(size_)};
  }
  /// Calls act(pixel index, scene point, share of the pixel that is covered) for the pixels that the shape touches.
  template <class Shape, class Act>
  void visit(const Shape& shape, const Act& act) {
    const Point low = shape.low(), high = shape.high();
    Point from{1e9f, 1e9f}, to{-1e9f, -1e9f};
    for (Point corner : {low, high, Point{low.x, high.y}, Point{high.x, low.y}}) {
      const Point p = pixel_point(corner);
      from = {std::min(from.x, p.x), std::min(from.y, p.y)};
      to = {std::max(to.x, p.x), std::max(to.y, p.y)};
    }
    const float side = float(size_), scale = side * zoom_;
    const int left = int(std::clamp(from.x - 1, 0.f, side)), right = int(std::clamp(to.x + 2, 0.f, side));
    const int top = int(std::clamp(from.y - 1, 0.f, side)), bottom = int(std::clamp(to.y + 2, 0.f, side));
    for (int y = top; y < bottom; ++y)
      for (int x = left; x < right; ++x) {
        const Point p = scene_point(x, y);
        const float share = 0.5f - shape.distance(p) * scale;
        if (share > 0)
          act(std::size_t(y) * size_ + x, p, std::min(share, 1.f));
        else if (is_exact<Shape>)
          x += int(-share);  // nothing of the shape is nearer than this
      }
  }

  int size_;
  float zoom_;
  Point turn_;
  std::vector<Colour> colours_;
  std::vector<std::uint8_t> cover_;
  std::vector<std::uint16_t> owner_;
  std::vector<Cover> kinds_;
  std::uint16_t object_ = 0;
};

}  // namespace fedorbit::scenes
