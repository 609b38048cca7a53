/* Floats as text. */
#ifndef WALDO_RUNTIME_VALUE_FLOAT_TEXT_H
#define WALDO_RUNTIME_VALUE_FLOAT_TEXT_H

/* Room for the longest repr of a float and its NUL. */
#define WALDO__FLOAT_TEXT 64

/* Python's repr(number): the fewest digits that read back as the same number, whatever the
 * locale. */
void waldo__float_repr(double number, char text[WALDO__FLOAT_TEXT]);

#endif
