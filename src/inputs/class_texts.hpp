// What texts say of classes: templates filled with their names, and ensembles of them.
#pragma once
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "data/features.hpp"
#include "model/clip.hpp"

namespace fedorbit {

/// Parts of a list separated by semicolons, without the white space around them; each must hold {} for the class's
/// name. `option` names the list in errors.
std::vector<std::string> templates_in(const std::string& list, const std::string& option);

/// Collective. What the tower reads in each template filled with each class's name: a set called `name`.
PromptFeatures encode_prompts(const std::string& name, const std::vector<std::string>& templates,
                              const std::vector<std::string>& class_names, const Clip& clip, at::Device device,
                              Communicator& communicator);

/// (T, C, d) -> (C, d) unit: the mean over templates of unit features, made unit (Radford et al. 2021, section 3.1.4).
Tensor ensemble(const Tensor& prompts);

}  // namespace fedorbit
