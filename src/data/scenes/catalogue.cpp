#include "data/scenes/catalogue.hpp"

namespace fedorbit::scenes {

const std::vector<SceneClass>& catalogue() {
  static const std::vector<SceneClass> classes = {
      {"farmland", {"agricultural land", "crop fields"}, draw_farmland},
      {"forest", {"woodland", "trees"}, draw_forest},
      {"river", {"stream", "winding river"}, draw_river},
      {"runway", {"landing strip", "airport runway"}, draw_runway},
      {"harbor", {"port", "marina with boats"}, draw_harbor},
      {"storage tanks", {"oil tanks", "tank farm"}, draw_storage_tanks},
      {"dense residential", {"crowded houses", "dense housing"}, draw_dense_residential},
      {"sparse residential", {"scattered houses", "country house"}, draw_sparse_residential},
      {"parking lot", {"car park", "parked cars"}, draw_parking_lot},
      {"beach", {"seashore", "sandy coast"}, draw_beach},
      {"freeway", {"highway", "motorway"}, draw_freeway},
      {"intersection", {"crossroads", "road crossing"}, draw_intersection},
      {"golf course", {"golf green", "fairway with bunkers"}, draw_golf_course},
      {"airplane", {"aircraft", "parked airplanes"}, draw_airplane},
      {"baseball diamond", {"baseball field", "ball park"}, draw_baseball_diamond},
      {"tennis court", {"tennis courts", "sports court"}, draw_tennis_court},
      {"chaparral", {"shrubland", "bushes"}, draw_chaparral},
      {"overpass", {"viaduct", "road bridge"}, draw_overpass},
      {"buildings", {"commercial buildings", "large roofs"}, draw_buildings},
      {"desert", {"sand dunes", "dunes"}, draw_desert},
      {"pond", {"lake", "small lake"}, draw_pond},
  };
  return classes;
}

}  // namespace fedorbit::scenes
