//! What the style page shows. Each function draws a component in its states; ids and labels begin with the theme, since everything
//! is on the page twice.

pub mod charts;
pub mod controls;
pub mod texts;
