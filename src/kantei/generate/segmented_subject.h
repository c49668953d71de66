// Where a picture's subject is, by a segmenter: the class that the words name, or the largest thing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/generate/subject_mask.h"
#include "kantei/nn/segmenter.h"

namespace kantei::generate {

/// Does a class's name ("person, individual, someone", "wall-brick") name what the words do? Each part between commas or semicolons is
/// a name; all its words must follow each other in `words` (lower case), in singular or plural. Words also stand for their kind ("woman"
/// for "person").
bool NamesClass(const std::vector<std::string>& words, std::string_view class_name);

/// Is the class what surrounds things (wall, sky, floor, road, ...) rather than a thing?
bool IsBackdrop(std::string_view class_name);

/// kNotFound when no class has this name (any case, one of its parts is enough); the message lists some that there are.
Status CheckSubjectName(const std::vector<std::string>& class_names, const std::string& subject);

/// The mask of one class (MaskOfRegion): of those that `subject` names when it is not empty; else of those that `words` name; else, and
/// also when none of these is in the picture at 3 to 85 % of its area, of all that are no backdrop. Of several the largest. kNone with
/// an empty mask when no class fits; with a subject no other class than its own does.
SubjectMask SubjectOfSegmentation(const nn::Segmentation& segmentation,
                                  const std::vector<std::string>& class_names,
                                  const std::vector<std::string>& words, const std::string& subject);

}  // namespace kantei::generate
