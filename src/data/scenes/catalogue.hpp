// The classes of synthetic scenes: each has a name, other words for it, and a function that draws one.
#pragma once
#include <string>
#include <vector>

#include "data/scenes/painter.hpp"

namespace fedorbit::scenes {

struct SceneClass {
  std::string name;
  std::vector<std::string> synonyms;  // without the name
  void (*draw)(Painter&);
};

/// All classes. Append only: a class's place is in the keys of its scenes.
const std::vector<SceneClass>& catalogue();

// Countryside.
void draw_farmland(Painter&);
void draw_forest(Painter&);
void draw_chaparral(Painter&);
void draw_desert(Painter&);
// Water.
void draw_river(Painter&);
void draw_pond(Painter&);
void draw_beach(Painter&);
void draw_harbor(Painter&);
// Settlement.
void draw_dense_residential(Painter&);
void draw_sparse_residential(Painter&);
void draw_buildings(Painter&);
void draw_parking_lot(Painter&);
void draw_storage_tanks(Painter&);
// Traffic.
void draw_runway(Painter&);
void draw_airplane(Painter&);
void draw_freeway(Painter&);
void draw_intersection(Painter&);
void draw_overpass(Painter&);
// Sport.
void draw_golf_course(Painter&);
void draw_baseball_diamond(Painter&);
void draw_tennis_court(Painter&);

}  // namespace fedorbit::scenes
