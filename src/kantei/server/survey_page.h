// The page of the survey: markup, style and script, in English and Japanese. Private to server.
#pragma once

#include <string_view>

namespace kantei::server {

std::string_view SurveyHtml();
std::string_view SurveyCss();
std::string_view SurveyScript();

}  // namespace kantei::server
