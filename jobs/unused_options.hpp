// Options that a command line sets and that would say nothing: refused, since who sets them expects something. In a
// configuration they may stand, for another command line to make use of.
#pragma once
#include <string>
#include <vector>

#include "federation/experiment.hpp"

namespace fedorbit {

/// Throws where an assignment "section.name=value" is of [synthetic] and the images are not: they come from `source`,
/// empty where scenes are drawn.
void refuse_scenes(const std::vector<std::string>& assignments, const std::string& source);

/// Throws where an assignment is of links whose trace, or whose lasting contact, leaves it nothing to say.
void refuse_unused_links(const std::vector<std::string>& assignments, const LinkOptions& links);

/// The same, and for options of learners, strategies and partitions that this experiment does not have.
void refuse_unused(const std::vector<std::string>& assignments, const Experiment& experiment);

/// The same for options of [images], where what clients train on are features that are kept.
void refuse_image_options(const std::vector<std::string>& assignments, const Experiment& experiment,
                          const Needs& needs);

/// The same for options about images and weights, where imported features stand alone; throws too where clients are to
/// see images.
void refuse_images(const std::vector<std::string>& assignments, const Experiment& experiment, const Needs& needs);

}  // namespace fedorbit
