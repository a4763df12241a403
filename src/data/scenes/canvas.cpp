#include "data/scenes/canvas.hpp"

namespace fedorbit {

const std::vector<std::string>& cover_names() {
  static const std::vector<std::string> names = {"bare ground", "grass",    "crops",    "trees",   "water",
                                                 "sand",        "pavement", "building", "vehicle", "ship",
                                                 "airplane",    "tank",     "court",    "rock"};
  return names;
}

namespace scenes {

Scene Canvas::seen() const {
  Scene scene{size_, {}, cover_, owner_, {}};
  std::vector<SceneObject> bounds;
  for (Cover kind : kinds_) bounds.push_back({kind, size_, size_, 0, 0});
  for (int y = 0, i = 0; y < size_; ++y)
    for (int x = 0; x < size_; ++x, ++i)
      if (owner_[i]) {
        SceneObject& object = bounds[owner_[i] - 1];
        object.left = std::min(object.left, x);
        object.right = std::max(object.right, x + 1);
        object.top = std::min(object.top, y);
        object.bottom = std::max(object.bottom, y + 1);
      }
  std::vector<std::uint16_t> number(kinds_.size() + 1, 0);
  for (std::size_t k = 0; k < bounds.size(); ++k)
    if (bounds[k].right > 0) {
      scene.objects.push_back(bounds[k]);
      number[k + 1] = std::uint16_t(scene.objects.size());
    }
  for (std::uint16_t& owner : scene.owner) owner = number[owner];
  return scene;
}

}  // namespace scenes
}  // namespace fedorbit
